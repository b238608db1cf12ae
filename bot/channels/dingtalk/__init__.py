"""DingTalk (钉钉): the app's robot and groups' custom robots."""
