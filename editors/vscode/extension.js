// Starts `rhaid lsp` for Rhai files; all that is known about scripts is known there.
"use strict";

const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

function settings() {
  const found = vscode.workspace.getConfiguration("rhaid");
  const env = Object.entries(found.get("env", {}));
  return {
    command: found.get("path", "rhaid"),
    args: ["lsp", ...env.flatMap(([name, value]) => ["--env", `${name}=${value}`])],
  };
}

async function start() {
  client = new LanguageClient("rhaid", "rhaid", settings(), {
    documentSelector: [{ language: "rhai" }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/{*.rhai,rhaid.toml}") },
  });
  try {
    await client.start();
  } catch (error) {
    client = undefined;
    vscode.window.showErrorMessage(`rhaid did not start (${error.message}). Is it installed? The setting rhaid.path says where.`);
  }
}

async function stop() {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart() {
  await stop();
  await start();
}

exports.activate = async (context) => {
  context.subscriptions.push(
    vscode.commands.registerCommand("rhaid.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("rhaid")) restart();
    }),
  );
  await start();
};

exports.deactivate = stop;
