// Follows a dark line on a light floor with three reflectance sensors and two motors. See README.md

const uint8_t SENSOR_PINS[] = {A0, A1, A2};  // left, middle, right
const uint8_t SENSORS = sizeof(SENSOR_PINS);
const uint8_t LEFT_PWM = 5, LEFT_BACK = 4;
const uint8_t RIGHT_PWM = 6, RIGHT_BACK = 7;
const uint8_t BUTTON_PIN = 2;

const int16_t BASE_SPEED = 120;
const int16_t KP = 30;  // in 1/100 of speed for each 1/1000 of deviation
const int16_t KD = 180;
const uint16_t LOOKING_MS = 3000;
const uint16_t STEP_MS = 5;
const uint8_t STEPS_A_LINE = 10;

static uint16_t lightest[SENSORS], darkest[SENSORS];
static int16_t deviation = 0;  // -1000: the line is under the left sensor, 1000: the right one

static void drive(uint8_t pwm_pin, uint8_t back_pin, int16_t speed) {
  digitalWrite(back_pin, speed < 0);
  const int16_t power = constrain(speed, -255, 255);
  analogWrite(pwm_pin, power < 0 ? 255 + power : power);
}

static void stop_motors() {
  drive(LEFT_PWM, LEFT_BACK, 0);
  drive(RIGHT_PWM, RIGHT_BACK, 0);
}

static void wait_for_button() {
  while (digitalRead(BUTTON_PIN) == HIGH) {
  }
  delay(50);
  while (digitalRead(BUTTON_PIN) == LOW) {
  }
  delay(50);
}

// whoever holds the robot moves it across the line meanwhile
static void learn_floor() {
  for (uint8_t at = 0; at < SENSORS; at++) {
    lightest[at] = 1023;
    darkest[at] = 0;
  }
  const uint32_t from_ms = millis();
  while (millis() - from_ms < LOOKING_MS) {
    for (uint8_t at = 0; at < SENSORS; at++) {
      const uint16_t value = analogRead(SENSOR_PINS[at]);
      lightest[at] = min(lightest[at], value);
      darkest[at] = max(darkest[at], value);
    }
  }
}

static int16_t darkness(uint8_t at) {
  const int16_t range = darkest[at] - lightest[at];
  if (range < 50) {
    return 0;
  }
  const int32_t value = (int32_t)analogRead(SENSOR_PINS[at]) - lightest[at];
  return constrain(value * 1000 / range, 0, 1000);
}

// where the line was last seen, if it is out of sight
static int16_t find_line() {
  const int16_t left = darkness(0), middle = darkness(1), right = darkness(2);
  const int16_t sum = left + middle + right;
  if (sum < 200) {
    return deviation < 0 ? -1000 : 1000;
  }
  return (int32_t)(right - left) * 1000 / sum;
}

void setup() {
  Serial.begin(115200);
  pinMode(BUTTON_PIN, INPUT_PULLUP);
  pinMode(LEFT_BACK, OUTPUT);
  pinMode(RIGHT_BACK, OUTPUT);
  stop_motors();
  Serial.println(F("line follower: press the button and move me across the line"));
  wait_for_button();
  learn_floor();
  Serial.println(F("put me on the line and press the button"));
  wait_for_button();
}

void loop() {
  static uint8_t step = 0;
  const int16_t before = deviation;
  deviation = find_line();
  const int32_t turn = ((int32_t)KP * deviation + (int32_t)KD * (deviation - before)) / 100;
  const int16_t left = constrain(BASE_SPEED + turn, -255L, 255L);
  const int16_t right = constrain(BASE_SPEED - turn, -255L, 255L);
  drive(LEFT_PWM, LEFT_BACK, left);
  drive(RIGHT_PWM, RIGHT_BACK, right);
  if (++step == STEPS_A_LINE) {
    step = 0;
    Serial.print(F("deviation:"));
    Serial.print(deviation);
    Serial.print(F(",left:"));
    Serial.print(left);
    Serial.print(F(",right:"));
    Serial.println(right);
  }
  delay(STEP_MS);
}
