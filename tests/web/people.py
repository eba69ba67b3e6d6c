"""Who is known to the labs of these tests."""

PASSWORD = "beam-and-board"
ADMIN = ("admin", "admin", "city")
JUDGE = ("judge", "judge", "championship:cup")
SCREEN = ("hall", "display", "championship:cup")
TEACHER = ("teacher", "instructor", "room:204")
