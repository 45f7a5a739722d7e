"""What is unwanted goes: rows and bytes, never one without the other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.files.sending import picture, uploaded
from tests.files.test_messages import stored_in
from tests.personas import Workspace


def test_what_no_message_took_within_a_day_is_removed(workspace: Workspace) -> None:
    from files.models import File
    from files.tasks import remove_unwanted_files
    from tenants.context import run_in_tenant

    with workspace.http(workspace.token("bob")) as bob:
        old, sent, new = (uploaded(bob, picture(size=(9, 9)), f"{n}.jpg")["id"] for n in range(3))
        bob.post("/api/v1/rooms/general/messages", json={"files": [sent], "message": ""}).raise_for_status()

        def age() -> Any:
            long_ago = timezone.now() - timedelta(hours=25)
            return File.objects.filter(key__in=[old, sent]).update(created_at=long_ago)

        run_in_tenant(workspace.tenant, age)
        remove_unwanted_files(timestamp=0)
        left = {each["id"] for each in bob.get("/api/v1/files").json()["data"]}
    assert left == {sent, new}
    assert {path.name.partition(".")[0] for path in stored_in(workspace).rglob("*-*")} == {sent, new}


def test_what_the_storage_keeps_is_tried_again(workspace: Workspace) -> None:
    from files.removing import remove_unwanted
    from tenants.context import run_in_tenant

    with workspace.api() as key:
        file = uploaded(key)["id"]
        assert key.delete(f"/api/v1/files/{file}").status_code == 204
    (path,) = stored_in(workspace).rglob(file)
    content = path.read_bytes()
    path.unlink()
    path.mkdir()  # which is no file, and not deleted like one
    (path / "x").write_bytes(content)
    assert run_in_tenant(workspace.tenant, remove_unwanted) == 0
    (path / "x").unlink()
    path.rmdir()
    assert run_in_tenant(workspace.tenant, remove_unwanted) == 1


def test_a_rooms_files_go_with_the_room(workspace: Workspace) -> None:
    from tests.realtime.backstage import rows

    with workspace.api() as key:
        key.post("/api/v1/rooms", json={"name": "attic"}).raise_for_status()
        file = uploaded(key, room="attic")["id"]
        key.post("/api/v1/rooms/attic/messages", json={"files": [file], "message": ""}).raise_for_status()
        assert key.delete("/api/v1/rooms/attic").status_code == 204
        assert key.get(f"/api/v1/files/{file}").status_code == 404
    assert rows(workspace, "SELECT count(*) FROM files_file WHERE deleted_at IS NULL") == [(0,)]
