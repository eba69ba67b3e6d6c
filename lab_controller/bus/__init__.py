"""The bus: MQTT topics after Homie 5, the embedded broker, and the hub that stores what arrives."""
