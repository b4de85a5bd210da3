"""Moves a user from one OU to another with Okta's SDK for Python: the steps of ad/move_user_to_ou, by other hands.

Arguments: login, from group, from OU, to group, to OU. The org and the credentials are those of the SDK's own variables.
"""

import asyncio
import os
import sys

from okta.client import Client
from okta.models import AddGroupRequest, ApplicationGroupAssignment


def configuration():
    common = {"orgUrl": os.environ["OKTA_CLIENT_ORGURL"]}
    if "OKTA_CLIENT_TOKEN" in os.environ:
        return common | {"token": os.environ["OKTA_CLIENT_TOKEN"]}
    return common | {
        "authorizationMode": "PrivateKey",
        "clientId": os.environ["OKTA_CLIENT_CLIENTID"],
        "privateKey": os.environ["OKTA_CLIENT_PRIVATEKEY"],
        "scopes": ["okta.apps.manage", "okta.groups.manage", "okta.users.read"],
    }


def answered(answer):
    """The object of an answer, which is (object, response, error), or (response, error) where there is no object."""
    if answer[-1] is not None:
        sys.exit(f"refused: {answer[-1]}")
    return answer[0] if len(answer) > 2 else None


async def group_of(client, app, name, unit, priority):
    group = answered(await client.add_group(AddGroupRequest(profile={"name": name, "description": unit})))
    assignment = ApplicationGroupAssignment(priority=priority, profile={"organizationalUnit": unit})
    answered(await client.assign_group_to_application(app.id, group.id, assignment))
    found = answered(await client.list_groups(search=f'profile.name eq "{name}"'))
    assert [group.id for group in found] == [group.id], found
    return group


async def convert(client, app, user):
    """The public description of the operation leaves `scope` out, and so do the typed models: the executor sends it."""
    executor = client._request_executor
    path = f"/api/v1/apps/{app.id}/users/{user.id}"
    request, error = await executor.create_request("POST", path, {"scope": "GROUP"}, {})
    assert error is None, error
    answer = await executor.execute(request)
    assert answer[-1] is None, answer


async def move(login, from_name, from_unit, to_name, to_unit):
    client = Client(configuration())
    apps = answered(await client.list_applications())
    app = next(app for app in apps if app.name == "active_directory")
    user = answered(await client.get_user(login))
    source = await group_of(client, app, from_name, from_unit, 1)
    target = await group_of(client, app, to_name, to_unit, 0)
    answered(await client.assign_user_to_group(source.id, user.id))
    await convert(client, app, user)
    app_user = answered(await client.get_application_user(app.id, user.id))
    assert app_user.scope == "GROUP", app_user
    answered(await client.assign_user_to_group(target.id, user.id))
    answered(await client.unassign_user_from_group(source.id, user.id))
    members = answered(await client.list_group_users(target.id))
    assert [member.id for member in members] == [user.id], members
    assignments = answered(await client.list_application_group_assignments(app.id))
    assert {source.id, target.id} <= {assignment.id for assignment in assignments}


asyncio.run(move(*sys.argv[1:6]))
