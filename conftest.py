"""What holds for the tests of all packages."""

from hypothesis import HealthCheck, settings

# A machine that is busy with something else is no fault of what is tested.
settings.register_profile(
    "calm", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("calm")
