//! A request to an org, before it is signed and sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::error::RequestError;
use super::method::{ContentType, HttpMethod};

/// One call. The path begins with `/`, is percent-encoded, and cannot lead to another host.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiRequest {
    pub method: HttpMethod,
    pub path: String,
    /// Names and values as they are; encoded when sent.
    pub query: Vec<(String, String)>,
    pub body: Option<Value>,
    pub content_type: ContentType,
}

impl ApiRequest {
    /// A request without query and body.
    pub fn new(method: HttpMethod, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body: None, content_type: ContentType::Json }
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self.content_type = ContentType::Json;
        self
    }

    /// The body as it goes over the wire, with its `Content-Type`.
    pub(super) fn encode(&self) -> Result<EncodedBody, RequestError> {
        let content_type = self.content_type.to_string();
        let Some(body) = &self.body else {
            // Okta wants a Content-Type even where nothing follows (its API overview).
            return Ok(EncodedBody { content_type: ContentType::Json.to_string(), bytes: None });
        };
        let (content_type, bytes) = match self.content_type {
            ContentType::Json | ContentType::MergePatch => (content_type, body.to_string().into_bytes()),
            ContentType::PemFile | ContentType::SecurityEvent => (content_type, self.text(body)?.as_bytes().to_vec()),
            ContentType::PkixCertificate | ContentType::X509CaCertificate => (content_type, self.file(body)?),
            ContentType::Multipart => one_part(&self.file(body)?),
        };
        Ok(EncodedBody { content_type, bytes: Some(bytes) })
    }

    fn text<'a>(&self, body: &'a Value) -> Result<&'a str, RequestError> {
        body.as_str().ok_or(RequestError::Body { content_type: self.content_type, expected: "a string" })
    }

    fn file(&self, body: &Value) -> Result<Vec<u8>, RequestError> {
        let expected = "the file as a base64 string";
        let refused = |_| RequestError::Body { content_type: self.content_type, expected };
        STANDARD.decode(self.text(body)?).map_err(refused)
    }
}

/// A body ready to send.
#[derive(Clone, Debug)]
pub(super) struct EncodedBody {
    pub(super) content_type: String,
    pub(super) bytes: Option<Vec<u8>>,
}

/// A form with one file in the part `file`, the only part that Okta's uploads (logos, images) have.
fn one_part(file: &[u8]) -> (String, Vec<u8>) {
    let boundary: String = std::iter::repeat_with(fastrand::alphanumeric).take(40).collect();
    let mut form = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    )
    .into_bytes();
    form.extend_from_slice(file);
    form.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), form)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn encode_body(content_type: ContentType, body: Value) -> Result<EncodedBody, RequestError> {
        ApiRequest { body: Some(body), content_type, ..ApiRequest::new(HttpMethod::Post, "/") }.encode()
    }

    #[test]
    fn each_content_type_has_its_form() {
        let bytes = |form, body| encode_body(form, body).expect("a body").bytes.expect("bytes");
        assert_eq!(bytes(ContentType::Json, json!({"a": 1})), br#"{"a":1}"#);
        assert_eq!(bytes(ContentType::PemFile, json!("-----BEGIN")), b"-----BEGIN");
        assert_eq!(bytes(ContentType::PkixCertificate, json!("AAEC")), [0, 1, 2]);
        let form = encode_body(ContentType::Multipart, json!("AAEC")).expect("a form");
        let boundary = form.content_type.strip_prefix("multipart/form-data; boundary=").expect("a boundary");
        let end = format!("\r\n\r\n\0\u{1}\u{2}\r\n--{boundary}--\r\n");
        assert!(form.bytes.expect("bytes").ends_with(end.as_bytes()));
    }

    #[test]
    fn a_body_of_the_wrong_kind_is_refused() {
        assert!(encode_body(ContentType::PemFile, json!({})).is_err());
        assert!(encode_body(ContentType::Multipart, json!("no base64!")).is_err());
    }
}
