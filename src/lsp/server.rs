//! The loop: messages, documents, answers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, DidSaveTextDocument, Notification as _,
    PublishDiagnostics,
};
use lsp_types::request::{Completion, DocumentSymbolRequest, GotoDefinition, HoverRequest, Request as _};
use lsp_types::{
    CompletionOptions, CompletionParams, DidChangeTextDocumentParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, DocumentSymbolParams, DocumentSymbolResponse, GotoDefinitionParams, HoverParams,
    HoverProviderCapability, InitializeParams, OneOf, PublishDiagnosticsParams, ServerCapabilities,
    TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions,
    TextDocumentSyncSaveOptions, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::document::{ScriptDocument, path_of};
use super::meaning::module;
use super::{LspEnvironment, answers, completion, diagnostics};
use crate::script::RunbookLibrary;

/// What this server can do. Texts are sent as a whole: a runbook is short.
pub(super) fn capabilities() -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::FULL),
        save: Some(TextDocumentSyncSaveOptions::Supported(true)),
        ..TextDocumentSyncOptions::default()
    };
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some([".", ":", "\"", "/"].map(str::to_owned).to_vec()),
            ..CompletionOptions::default()
        }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}

pub(super) struct LanguageServer {
    library: RunbookLibrary,
    shipped: PathBuf,
    /// By the text of their address.
    documents: BTreeMap<String, ScriptDocument>,
    /// Those whose mistakes are to be told anew.
    changed: BTreeSet<String>,
}

/// Parameters that are not as the protocol has them, or a request nobody knows.
struct RefusedRequest(ErrorCode, String);

impl LanguageServer {
    pub(super) fn new(around: LspEnvironment, asked: &Value) -> Self {
        Self {
            library: (around.library)(&root(asked)),
            shipped: around.shipped,
            documents: BTreeMap::new(),
            changed: BTreeSet::new(),
        }
    }

    /// Answers until the editor says goodbye. Mistakes are told when nothing else is asked: typing stays quick.
    pub(super) fn attend(&mut self, connection: &Connection) -> Result<(), ProtocolError> {
        while let Ok(message) = connection.receiver.recv() {
            match message {
                Message::Request(request) => {
                    if connection.handle_shutdown(&request)? {
                        return Ok(());
                    }
                    send(connection, self.answer(request).into());
                }
                Message::Notification(told) => {
                    if let Some(closed) = self.hear(told) {
                        send(connection, publish_diagnostics(closed, None, Vec::new()));
                    }
                }
                Message::Response(_) => {}
            }
            if connection.receiver.is_empty() {
                self.tell_mistakes(connection);
            }
        }
        Ok(())
    }

    fn tell_mistakes(&mut self, connection: &Connection) {
        let changed = std::mem::take(&mut self.changed);
        if changed.is_empty() {
            return;
        }
        let library = self.library();
        for address in changed {
            if let Some(document) = self.documents.get(&address) {
                let found = diagnostics::diagnose_document(document, &library);
                let told = publish_diagnostics(document.uri.clone(), document.version, found);
                send(connection, told);
            }
        }
    }

    /// The library with the texts as they are in the editor: a module need not be saved to be meant.
    fn library(&self) -> RunbookLibrary {
        let open = self.documents.values();
        let open = open.map(|document| (document.path().to_owned(), document.text.as_str().into()));
        self.library.with_open(open)
    }

    fn answer(&self, request: Request) -> Response {
        let library = self.library();
        let result = match request.method.as_str() {
            Completion::METHOD => self.at(request.params, |asked: CompletionParams| {
                (asked.text_document_position, |document, at| json(completion::complete_at(document, &library, at)))
            }),
            HoverRequest::METHOD => self.at(request.params, |asked: HoverParams| {
                (asked.text_document_position_params, |document, at| json(answers::hover(document, &library, at)))
            }),
            GotoDefinition::METHOD => self.at(request.params, |asked: GotoDefinitionParams| {
                (asked.text_document_position_params, |document, at| {
                    let found = answers::definition(document, &library, at, &self.shipped);
                    json(found)
                })
            }),
            DocumentSymbolRequest::METHOD => self.symbols(request.params),
            other => Err(RefusedRequest(ErrorCode::MethodNotFound, format!("this server does not know {other}"))),
        };
        match result {
            Ok(value) => Response::new_ok(request.id, value),
            Err(RefusedRequest(code, words)) => Response::new_err(request.id, code as i32, words),
        }
    }

    /// Answers a question about a place of an open document.
    fn at<P: DeserializeOwned, A: Fn(&ScriptDocument, usize) -> Result<Value, RefusedRequest>>(
        &self,
        params: Value,
        parts: impl FnOnce(P) -> (TextDocumentPositionParams, A),
    ) -> Result<Value, RefusedRequest> {
        let (place, answer) = parts(read(params)?);
        let document = self.document(&place.text_document.uri)?;
        answer(document, document.offset(place.position))
    }

    fn symbols(&self, params: Value) -> Result<Value, RefusedRequest> {
        let asked: DocumentSymbolParams = read(params)?;
        let document = self.document(&asked.text_document.uri)?;
        json(DocumentSymbolResponse::Nested(answers::symbols(document)))
    }

    fn document(&self, uri: &Uri) -> Result<&ScriptDocument, RefusedRequest> {
        self.documents.get(uri.as_str()).ok_or_else(|| {
            let words = format!("{} is not open", uri.as_str());
            RefusedRequest(ErrorCode::InvalidParams, words)
        })
    }

    /// Takes a change in; gives the document that was closed. The protocol has no answer to a notification, so that one that cannot
    /// be read is passed over.
    fn hear(&mut self, told: Notification) -> Option<Uri> {
        match told.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let opened = read::<DidOpenTextDocumentParams>(told.params).ok()?;
                let document = opened.text_document;
                self.keep(document.uri, document.version, document.text);
            }
            DidChangeTextDocument::METHOD => {
                let changed = read::<DidChangeTextDocumentParams>(told.params).ok()?;
                let text = changed.content_changes.into_iter().next_back()?.text;
                let document = changed.text_document;
                self.keep(document.uri, document.version, text);
            }
            // What is saved may be a module of all the others.
            DidSaveTextDocument::METHOD => self.changed.extend(self.documents.keys().cloned()),
            DidCloseTextDocument::METHOD => {
                let closed = read::<DidCloseTextDocumentParams>(told.params).ok()?;
                let uri = closed.text_document.uri;
                self.documents.remove(uri.as_str());
                return Some(uri);
            }
            _ => {}
        }
        None
    }

    fn keep(&mut self, uri: Uri, version: i32, text: String) {
        let address = uri.as_str().to_owned();
        let document = ScriptDocument::new(uri, Some(version), text);
        let path = document.path().to_owned();
        self.documents.insert(address.clone(), document);
        self.changed.insert(address);
        let library = self.library();
        let importers = self.documents.iter().filter(|(_, other)| imports(other, &library, &path));
        let importers: Vec<String> = importers.map(|(address, _)| address.clone()).collect();
        self.changed.extend(importers);
    }
}

/// Whether a text imports the file at `path`.
fn imports(document: &ScriptDocument, library: &RunbookLibrary, path: &Path) -> bool {
    let followed = |path: &Path| path.canonicalize().ok();
    let mut imports = document.outline.imports.iter();
    imports.any(|import| {
        let module = module(document, library, &import.name);
        let module = module.map(|module| PathBuf::from(module.path));
        module.is_some_and(|it| it == path || followed(&it).is_some_and(|it| Some(it) == followed(path)))
    })
}

/// The folder that the editor has open, else the one it was started in.
fn root(asked: &Value) -> PathBuf {
    let asked: InitializeParams = serde_json::from_value(asked.clone()).unwrap_or_default();
    let folders = asked.workspace_folders.unwrap_or_default();
    #[expect(deprecated, reason = "editors without workspace folders still send it")]
    let root = asked.root_uri;
    let uri = folders.into_iter().map(|folder| folder.uri).next().or(root);
    uri.and_then(|uri| path_of(&uri)).unwrap_or_else(|| Path::new("").to_owned())
}

fn read<P: DeserializeOwned>(params: Value) -> Result<P, RefusedRequest> {
    serde_json::from_value(params).map_err(|error| RefusedRequest(ErrorCode::InvalidParams, error.to_string()))
}

fn json(value: impl Serialize) -> Result<Value, RefusedRequest> {
    serde_json::to_value(value).map_err(|error| RefusedRequest(ErrorCode::InternalError, error.to_string()))
}

fn publish_diagnostics(uri: Uri, version: Option<i32>, diagnostics: Vec<lsp_types::Diagnostic>) -> Message {
    let params = PublishDiagnosticsParams { uri, diagnostics, version };
    Notification::new(PublishDiagnostics::METHOD.to_owned(), params).into()
}

/// An editor that is gone is seen at the next message that does not come.
fn send(connection: &Connection, message: Message) {
    let _ = connection.sender.send(message);
}
