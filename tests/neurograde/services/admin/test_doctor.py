import pytest

from neurograde.services.admin.doctor import Health, examine


@pytest.mark.docker
def test_a_host_that_the_tests_run_on_is_well(tmp_path):
    findings = {finding.part: finding for finding in examine(tmp_path)}
    assert [part for part, finding in findings.items() if finding.health is Health.ILL] == []
    assert {"container engine", "room image", "isolation", "memory limit", "time limit", "disk"} <= findings.keys()


def test_without_an_engine_it_says_what_to_do_and_looks_at_the_rest(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("NEUROGRADE_ENGINE", raising=False)
    findings = {finding.part: finding for finding in examine(tmp_path)}
    assert findings["container engine"].health is Health.ILL
    assert "make setup" in findings["container engine"].text
    assert findings["isolation"].text == "not looked at: the room image comes first"
    assert "activate" in findings["alembic"].text
