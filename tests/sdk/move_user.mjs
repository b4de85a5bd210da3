// Moves a user from one OU to another with Okta's SDK for Node.js: the steps of ad/move_user_to_ou, by other hands.
//
// Arguments: login, from group, from OU, to group, to OU. The org and the credentials are those of the SDK's own variables.
import assert from "node:assert/strict";
import { createRequire } from "node:module";

// The packages lie beside the build, not beside this file.
const require = createRequire(`${process.env.OKTA_SDK_FOLDER}/`);
const okta = require("@okta/okta-sdk-nodejs");

const { env, argv } = process;
const signIn = env.OKTA_CLIENT_TOKEN
  ? { token: env.OKTA_CLIENT_TOKEN }
  : {
      authorizationMode: "PrivateKey",
      clientId: env.OKTA_CLIENT_CLIENTID,
      privateKey: env.OKTA_CLIENT_PRIVATEKEY,
      scopes: ["okta.apps.manage", "okta.groups.manage", "okta.users.read"],
    };
// Without this a second read of the same address is answered from memory.
const client = new okta.Client({ orgUrl: env.OKTA_CLIENT_ORGURL, cacheMiddleware: null, ...signIn });

async function all(collection) {
  const items = [];
  await collection.each((item) => items.push(item));
  return items;
}

async function groupOf(app, name, unit, priority) {
  const group = await client.groupApi.createGroup({ group: { profile: { name, description: unit } } });
  const applicationGroupAssignment = { priority, profile: { organizationalUnit: unit } };
  await client.applicationApi.assignGroupToApplication({ appId: app.id, groupId: group.id, applicationGroupAssignment });
  const found = await all(await client.groupApi.listGroups({ search: `profile.name eq "${name}"` }));
  assert.deepEqual(found.map((group) => group.id), [group.id]);
  return group;
}

const [login, fromName, fromUnit, toName, toUnit] = argv.slice(2);
const apps = await all(await client.applicationApi.listApplications({ filter: `name eq "active_directory"` }));
const [app] = apps;
const user = await client.userApi.getUser({ userId: login });
const source = await groupOf(app, fromName, fromUnit, 1);
const target = await groupOf(app, toName, toUnit, 0);
const ids = { appId: app.id, userId: user.id };
await client.groupApi.assignUserToGroup({ groupId: source.id, userId: user.id });
// The public description of the operation leaves `scope` out, and so do the typed models: the plain client sends it. Its `postJson`
// would put the method into the proof of possession in small letters, which is not what is sent.
await client.http.http(`${client.baseUrl}/api/v1/apps/${app.id}/users/${user.id}`, {
  method: "POST",
  headers: { Accept: "application/json", "Content-Type": "application/json" },
  body: JSON.stringify({ scope: "GROUP" }),
});
const appUser = await client.applicationApi.getApplicationUser(ids);
assert.equal(appUser.scope, "GROUP");
await client.groupApi.assignUserToGroup({ groupId: target.id, userId: user.id });
await client.groupApi.unassignUserFromGroup({ groupId: source.id, userId: user.id });
const members = await all(await client.groupApi.listGroupUsers({ groupId: target.id }));
assert.deepEqual(members.map((member) => member.id), [user.id]);
