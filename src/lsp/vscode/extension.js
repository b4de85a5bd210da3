// Starts the language server of the program that runs the runbooks.
const { workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

exports.activate = () => {
  const command = workspace.getConfiguration("okta-runbook").get("path");
  const server = { command, args: ["lsp"] };
  const documents = { documentSelector: [{ language: "rhai" }] };
  client = new LanguageClient("okta-runbook", "Okta runbooks", server, documents);
  return client.start();
};

exports.deactivate = () => client?.stop();
