"""The fixture `gradients`, by the entry point pytest11. Imports nothing, since it loads in every run of pytest."""

__all__ = ["pytest_configure"]


def pytest_configure(config):  # type: ignore[no-untyped-def]  # its type would have to be imported
    """Registers the fixture, for which pytest itself is needed."""
    import pytest

    class Gradients:
        """Holds the fixture."""

        @pytest.fixture
        def gradients(self):  # type: ignore[no-untyped-def]  # as above
            """The function assert_gradients of derive.testing."""
            from derive.testing import assert_gradients

            return assert_gradients

    config.pluginmanager.register(Gradients(), "derive-gradients")
