//! The HTTP methods and the forms of a body that Okta's API has.

use std::fmt;

use serde::Serialize;

/// The HTTP methods of Okta's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum HttpMethod {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// The forms of a request body that Okta's API description names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ContentType {
    /// JSON, JSON Patch arrays included: Okta takes these as `application/json`.
    #[default]
    Json,
    /// JSON Merge Patch.
    MergePatch,
    /// One file, given as a base64 string.
    Multipart,
    /// A certificate in PEM, given as a string.
    PemFile,
    /// A certificate in DER, given as a base64 string.
    PkixCertificate,
    /// A certificate authority in DER, given as a base64 string.
    X509CaCertificate,
    /// A signed security event token, given as a string.
    SecurityEvent,
}

impl HttpMethod {
    /// The name in HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of that name in HTTP.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete].into_iter().find(|method| method.as_str() == name)
    }
}

impl fmt::Display for HttpMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<HttpMethod> for reqwest::Method {
    fn from(method: HttpMethod) -> Self {
        match method {
            HttpMethod::Get => Self::GET,
            HttpMethod::Post => Self::POST,
            HttpMethod::Put => Self::PUT,
            HttpMethod::Patch => Self::PATCH,
            HttpMethod::Delete => Self::DELETE,
        }
    }
}

impl ContentType {
    const ALL: [Self; 7] = [
        Self::Json,
        Self::MergePatch,
        Self::Multipart,
        Self::PemFile,
        Self::PkixCertificate,
        Self::X509CaCertificate,
        Self::SecurityEvent,
    ];

    /// The media type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::MergePatch => "application/merge-patch+json",
            Self::Multipart => "multipart/form-data",
            Self::PemFile => "application/x-pem-file",
            Self::PkixCertificate => "application/pkix-cert",
            Self::X509CaCertificate => "application/x-x509-ca-cert",
            Self::SecurityEvent => "application/secevent+jwt",
        }
    }

    /// The form of that media type.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == name)
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for form in ContentType::ALL {
            assert_eq!(ContentType::parse(form.as_str()), Some(form));
        }
        assert_eq!(HttpMethod::parse("PATCH"), Some(HttpMethod::Patch));
        assert_eq!(HttpMethod::parse("HEAD"), None);
    }
}
