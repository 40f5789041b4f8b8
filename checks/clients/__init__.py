"""One client a system that is asked. Nothing else in ``checks/`` knows httpx."""
