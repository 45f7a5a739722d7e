"""The ways round the one door into a tenant (docs/decisions/entering-a-tenant.md), each forbidden by a rule."""

from __future__ import annotations

from typing import Final

from tests.house import ways_round
from tests.house.public_code import TENANT_CODE_IN_PUBLIC
from tests.house.rules import Rule
from tests.house.shared_state import SHARED_STATE

IN_DOC = "see docs/decisions/entering-a-tenant.md"
RULES: Final = (
    Rule(
        "schemas are switched in the context alone",
        f"only tenants.context may move a connection to another schema; {IN_DOC}",
        ways_round.switches,
        bad=(
            "connection.set_tenant(t)",
            "schema_connection().set_schema('t1')",
            "db.set_schema_to_public()",
            "connection.tenant = t",
        ),
        good=("run_in_tenant(t, f)", "request.tenant = t", "name = connection.schema_name"),
        allowed={
            "tenants/context.py": "it is the door",
            "tenants/middleware.py": "holds a request in its tenant, in the thread in which the view runs",
            "tenants/health.py": "asks the database whether it is there, in public",
            "tenants/management/commands/migrate.py": "goes through every schema by django-tenants' own executor",
            "workspaces/actions/open_workspace.py": "back to public, where a tenant's row is written",
        },
    ),
    Rule(
        "no contexts but run_in_tenant",
        f"enter by tenants.context.run_in_tenant or in_tenant; {IN_DOC}",
        ways_round.contexts,
        bad=(
            "from django_tenants.utils import tenant_context",
            "from django_tenants import utils\nwith utils.schema_context('t1'): pass",
            "@utils.tenant_context(t)\ndef f(): pass",
            "with tenant: pass",
            "with request.tenant: pass",
            "async def f():\n    async with self.tenant: pass",
        ),
        good=("with transaction.atomic(): pass", "with tenant_lock(): pass"),
        allowed={"tenants/context.py": "it is the door"},
    ),
    Rule(
        "no search_path in SQL",
        f"name the schema in the statement; {IN_DOC}",
        ways_round.search_paths,
        bad=("db.execute('SET search_path = t1')", "q = f'SET LOCAL search_path TO {s}'"),
        good=("'''No search_path here.'''\ndb.execute('SELECT 1')",),
        allowed={"tenants/provisioning.py": "undoes what a replayed dump has set"},
    ),
    Rule(
        "raw SQL names the schema",
        f"name the schema by sql.Identifier(schema, table); {IN_DOC}",
        ways_round.bare_tables,
        bad=(
            "q = 'SELECT 1 FROM rooms_room'",
            "q = f'UPDATE rooms_message SET {x}'",
            "sql.Identifier('accounts_member')",
            "q = 'insert into \"rooms_room\" values'",
        ),
        good=(
            "sql.Identifier(schema, 'rooms_room')",
            "q = 'SELECT 1 FROM {rooms} r'",
            "q = 'SELECT 1 FROM public.tenants_tenant'",
            "t = 'people come from rooms'",
        ),
    ),
    Rule(
        "no ORM on the event loop",
        "send one sync function through tenants.context.in_tenant, or write raw SQL on tenants.database's pool",
        ways_round.awaited_orm,
        bad=(
            "async def f():\n    await Room.objects.aget(pk=1)",
            "async def f():\n    async for room in Room.objects.all(): pass",
            "async def f():\n    await member.asave()",
            "def f():\n    return Room.objects.acount()",
            "class C:\n    async def f(self):\n        return list(Room.objects.all())",
        ),
        good=(
            "async def f():\n    def work(): return Room.objects.count()\n    return await in_tenant(t, work)",
            "async def f():\n    await store.aclose()",
        ),
    ),
    Rule(
        "database threads are tenants.context's",
        "hop to a thread by tenants.context.in_tenant or in_public alone: others keep whatever schema they had",
        ways_round.threads,
        bad=(
            "from asgiref.sync import sync_to_async",
            "from channels.db import database_sync_to_async",
            "async def f():\n    await asyncio.to_thread(g)",
            "loop.run_in_executor(None, g)",
            "threading.Thread(target=g)",
            "from concurrent.futures import ThreadPoolExecutor",
        ),
        good=("from asgiref.sync import async_to_sync", "from threading import BoundedSemaphore, Lock"),
        allowed={
            "tenants/context.py": "its threads are the ones meant",
            "ops/local/supervisor.py": "starts programs; knows no database",
            "files/serving.py": "reads stored files; knows no database",
        },
    ),
    Rule(
        "coroutines are waited for without a connection",
        "wait by tenants.context.wait_for: whoever waits for something slow must not keep one of the few connections",
        ways_round.waits,
        bad=(
            "from asgiref.sync import async_to_sync",
            "import asgiref.sync\nasgiref.sync.async_to_sync(f)()",
            "from asgiref import sync\nposted = sync.async_to_sync(post)(room)",
        ),
        good=("from tenants.context import wait_for\nposted = wait_for(post, room)",),
        allowed={"tenants/context.py": "gives the connection back first"},
    ),
    Rule(
        "commit hooks are realtime.publish's",
        "a hook runs in whatever schema comes next: say it through realtime.publish, with the tenant in the event",
        ways_round.commit_hooks,
        bad=("transaction.on_commit(f)", "from django.db.transaction import on_commit"),
        good=("transaction.atomic()",),
        allowed={"realtime/publish.py": "its hook touches no table, and the event names its tenant"},
    ),
    Rule(
        "groups are the hub's",
        "publish through realtime.publish, listen through the hub",
        ways_round.group_calls,
        bad=(
            "layer.group_send('x', {})",
            "await self.channel_layer.group_add(g, c)",
            "layer.group_discard(g, c)",
            "layer.group_send_now(g, e)",
        ),
        good=("publisher().publish(sends)",),
        allowed={
            "realtime/publish.py": "sends",
            "realtime/hub.py": "listens",
        },
    ),
    Rule(
        "names in Redis are realtime.groups'",
        "every name in Redis is made in realtime/groups.py, with its tenant in it",
        ways_round.keys,
        bad=("k = f'snug:{x}'", "k = 'snug:names'", "g = f't{tenant.id}.room.{room}'", "k = f't{t}:people'"),
        good=("schema = f't{id_}'", "d = 'Snug: a chat'", "s = f'at {time}. Then'"),
        allowed={"realtime/groups.py": "it is where they are made"},
    ),
    Rule(
        "no shared cache framework",
        "Django's cache has one namespace for all tenants: there is none here",
        ways_round.caches,
        bad=(
            "from django.core.cache import cache",
            "from django.core import cache",
            "from django.views.decorators.cache import cache_page",
        ),
        good=(
            "from django.views.decorators.cache import never_cache",
            "from functools import cached_property",
        ),
    ),
    Rule(
        "connections are tenants/'s",
        "raw statements on Django's connection run in whatever schema it is in; use tenants.database or the ORM",
        ways_round.raw_connections,
        bad=(
            "from django.db import connection",
            "from django.db import connections",
            "psycopg.connect(url)",
            "from psycopg_pool import AsyncConnectionPool",
        ),
        good=(
            "from django.db import transaction",
            "from tenants.database import pool",
            "websockets.connect(url)",
        ),
        allowed={
            "tenants/actions.py": "public tables only, by name",
            "tenants/bell.py": "a ring reads no table",
            "tenants/context.py": "it is the door",
            "tenants/database.py": "the pool for statements that name their schema",
            "tenants/directory.py": "public tables only, by name",
            "tenants/health.py": "SELECT 1",
            "tenants/liveness.py": "tends Django's pool; runs no statement",
            "tenants/management/commands/migrate.py": "a lock, and the template's schema",
            "tenants/provisioning.py": "makes schemas",
            "rooms/quota.py": "a lock that is named after its schema; no table",
            "ops/local/named_servers.py": "asks whether a server answers",
        },
    ),
    Rule(
        "nothing lazy leaves the door",
        "read it inside, as list(…): outside it would be read in whatever schema comes next",
        ways_round.lazy_results,
        bad=(
            "def f():\n    return Room.objects.filter(kind='x')\nrun_in_tenant(t, f)",
            "def f():\n    return 1, Room.objects.all()\nawait_(in_tenant(t, f))",
            "run_in_tenant(t, lambda: {'rooms': Room.objects.order_by('id')})",
            "def f():\n    return (m for m in Member.objects.all())\nrun_in_tenant(t, f)",
        ),
        good=(
            "def f():\n    return list(Room.objects.all())\nrun_in_tenant(t, f)",
            "def g():\n    return Room.objects.all()",
        ),
    ),
    TENANT_CODE_IN_PUBLIC,
    SHARED_STATE,
)
