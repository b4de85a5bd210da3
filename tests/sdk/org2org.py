"""Connects a spoke with its hub with Okta's SDK for Python: the steps of org2org/setup, by other hands.

Arguments: URL of the hub, login, group. The hub's token is in HUB_TOKEN; the spoke and the credentials are those of the SDK's own variables.
"""

import asyncio
import json
import os
import sys

from okta.client import Client
from okta.models import (
    AppUserAssignRequest,
    CapabilitiesObject,
    CreateGroupPushMappingRequest,
    ProvisioningConnectionTokenRequest,
    UpdateDefaultProvisioningConnectionForApplicationRequest,
    UpdateFeatureForApplicationRequest,
)


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


async def until(look):
    for _ in range(200):
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.05)
    sys.exit("in vain")


async def create_app(client, hub):
    """The typed model of an application leaves the settings of its kind out: the executor sends them."""
    settings = {"app": {"baseUrl": hub}}
    wanted = {"name": "okta_org2org", "label": "By Python", "signOnMode": "SAML_2_0", "settings": settings}
    executor = client._request_executor
    request, error = await executor.create_request("POST", "/api/v1/apps", wanted, {})
    assert error is None, error
    _, body, error = await executor.execute(request)
    assert error is None, error
    return json.loads(body)["id"]


async def set_up(hub, login, name):
    client = Client(configuration())
    app_id = await create_app(client, hub)
    token = ProvisioningConnectionTokenRequest(
        base_url=hub, profile={"authScheme": "TOKEN", "token": os.environ["HUB_TOKEN"]}
    )
    request = UpdateDefaultProvisioningConnectionForApplicationRequest(actual_instance=token)
    connection = answered(
        await client.update_default_provisioning_connection_for_application(app_id, request, activate=True)
    )
    assert connection.status == "ENABLED", connection
    on = {"status": "ENABLED"}
    switches = CapabilitiesObject.from_dict(
        {"create": {"lifecycleCreate": on}, "update": {"profile": on, "lifecycleDeactivate": on}}
    )
    request = UpdateFeatureForApplicationRequest(actual_instance=switches)
    answered(await client.update_feature_for_application(app_id, "USER_PROVISIONING", request))
    user = answered(await client.get_user(login))
    request = AppUserAssignRequest(id=user.id, scope="USER", profile={"initialStatus": "active_with_pass"})
    answered(await client.assign_user_to_application(app_id, request))

    async def provisioned():
        return answered(await client.get_application_user(app_id, user.id)).external_id

    await until(provisioned)
    group = answered(await client.list_groups(search=f'profile.name eq "{name}"'))[0]
    request = CreateGroupPushMappingRequest(source_group_id=group.id, target_group_name=name)
    # The SDK reads no answer of this call but the 201 of its description; orgs were seen to give 200.
    mapping = answered(await client.create_group_push_mapping(app_id, request))
    assert (mapping.source_group_id, mapping.status) == (group.id, "ACTIVE"), mapping
    listed = answered(await client.list_group_push_mappings(app_id))
    assert [one.id for one in listed] == [mapping.id], listed

    async def pushed():
        return answered(await client.get_group_push_mapping(app_id, mapping.id)).last_push

    await until(pushed)


asyncio.run(set_up(*sys.argv[1:4]))
