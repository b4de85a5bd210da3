// Connects a spoke with its hub with Okta's SDK for Node.js: the steps of org2org/setup, by other hands.
//
// Arguments: URL of the hub, login, group. The hub's token is in HUB_TOKEN; the spoke and the credentials are those of the SDK's own variables.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { setTimeout } from "node:timers/promises";

// The packages lie beside the build, not beside this file.
const require = createRequire(`${process.env.OKTA_SDK_FOLDER}/`);
const okta = require("@okta/okta-sdk-nodejs");

const { env, argv } = process;
const [hub, login, name] = argv.slice(2);
const signIn = env.OKTA_CLIENT_TOKEN
  ? { token: env.OKTA_CLIENT_TOKEN }
  : {
      authorizationMode: "PrivateKey",
      clientId: env.OKTA_CLIENT_CLIENTID,
      privateKey: env.OKTA_CLIENT_PRIVATEKEY,
      scopes: ["okta.apps.manage", "okta.groups.manage", "okta.users.read"],
    };
const client = new okta.Client({ orgUrl: env.OKTA_CLIENT_ORGURL, cacheMiddleware: null, ...signIn });

async function all(collection) {
  const items = [];
  await collection.each((item) => items.push(item));
  return items;
}

async function until(look) {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found) return found;
    await setTimeout(50);
  }
  throw new Error(`in vain: ${look}`);
}

// The typed model of an application leaves the settings of its kind out: the plain client sends them.
const created = await client.http.http(`${client.baseUrl}/api/v1/apps`, {
  method: "POST",
  headers: { Accept: "application/json", "Content-Type": "application/json" },
  body: JSON.stringify({ name: "okta_org2org", label: "By Node.js", signOnMode: "SAML_2_0", settings: { app: { baseUrl: hub } } }),
});
const appId = (await created.json()).id;
const connection = await client.applicationApi.updateDefaultProvisioningConnectionForApplication({
  appId,
  activate: true,
  ProvisioningConnectionRequest: { baseUrl: hub, profile: { authScheme: "TOKEN", token: env.HUB_TOKEN } },
});
assert.equal(connection.status, "ENABLED");
const on = { status: "ENABLED" };
const feature = await client.applicationApi.updateFeatureForApplication({
  appId,
  name: "USER_PROVISIONING",
  CapabilitiesObject: { create: { lifecycleCreate: on }, update: { profile: on, lifecycleDeactivate: on } },
});
assert.equal(feature.capabilities.create.lifecycleCreate.status, "ENABLED");
const user = await client.userApi.getUser({ userId: login });
await client.applicationApi.assignUserToApplication({
  appId,
  appUser: { id: user.id, scope: "USER", profile: { initialStatus: "active_with_pass" } },
});
await until(async () => (await client.applicationApi.getApplicationUser({ appId, userId: user.id })).externalId);
const [group] = await all(await client.groupApi.listGroups({ search: `profile.name eq "${name}"` }));
const pushes = client.groupPushMappingApi;
const pushed = await pushes.createGroupPushMapping({ appId, body: { sourceGroupId: group.id, targetGroupName: name } });
await until(async () => (await pushes.getGroupPushMapping({ appId, mappingId: pushed.id })).lastPush);
