// Light, temperature and a button, ten times a second, as the Serial Plotter and the lab draw them. See README.md

const uint8_t LIGHT_PIN = A0;
const uint8_t TEMPERATURE_PIN = A1;
const uint8_t BUTTON_PIN = 2;

const uint16_t SHORTEST_MS = 20;
const uint16_t LONGEST_MS = 60000;

static uint16_t period_ms = 100;
static uint32_t due_ms = 0;

void setup() {
  Serial.begin(9600);
  pinMode(BUTTON_PIN, INPUT_PULLUP);
  Serial.println(F("sensor log: send a number of milliseconds to change the pace"));
}

// a TMP36 gives 500 mV at 0 degrees and 10 mV more for each
static float read_celsius() {
  const float millivolts = analogRead(TEMPERATURE_PIN) * (5000.0 / 1024);
  return (millivolts - 500) / 10;
}

static void obey() {
  const long wanted = Serial.parseInt();
  if (wanted >= SHORTEST_MS && wanted <= LONGEST_MS) {
    period_ms = wanted;
    Serial.print(F("one line every "));
    Serial.print(period_ms);
    Serial.println(F(" ms"));
  }
}

void loop() {
  if (Serial.available()) {
    obey();
  }
  const uint32_t now_ms = millis();
  if ((int32_t)(now_ms - due_ms) < 0) {
    return;
  }
  due_ms = now_ms + period_ms;
  Serial.print(F("light:"));
  Serial.print(analogRead(LIGHT_PIN));
  Serial.print(F(",celsius:"));
  Serial.print(read_celsius(), 1);
  Serial.print(F(",button:"));
  Serial.println(digitalRead(BUTTON_PIN) == LOW);
}
