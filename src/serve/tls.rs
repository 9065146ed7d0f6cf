//! Certificates from PEM files, exchanged while serving: new connections see the new one, old ones go on.

use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::config::TlsFiles;
use crate::error::{Code, Error};
use crate::rule::Rule;

/// Why a certificate cannot be used. Paths are the operator's own and are shown on start only.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// The certificate file cannot be read as PEM.
    #[error("the certificate file cannot be read: {0}")]
    Certificate(#[source] pem::Error),
    /// The certificate file holds no certificate.
    #[error("the certificate file holds no certificate")]
    NoCertificate,
    /// The key file cannot be read as PEM.
    #[error("the key file cannot be read: {0}")]
    Key(#[source] pem::Error),
    /// The key is of no supported kind, or not the one of the certificate.
    #[error("the key does not fit the certificate: {0}")]
    Mismatch(#[source] rustls::Error),
}

impl TlsFault {
    /// The stable name of the rule that failed.
    pub fn rule(&self) -> Rule {
        match self {
            Self::Certificate(_) => Rule::CertificateUnreadable,
            Self::NoCertificate => Rule::CertificateMissing,
            Self::Key(_) => Rule::KeyUnreadable,
            Self::Mismatch(_) => Rule::KeyMismatch,
        }
    }
}

impl From<TlsFault> for Error {
    fn from(fault: TlsFault) -> Self {
        Error::new(Code::ConfigInvalid, fault.to_string()).rule(fault.rule())
    }
}

/// The certificate of one socket, read again on demand.
pub struct Certificate {
    files: TlsFiles,
    /// Held for the copy of one pointer; a handshake never waits for a file.
    current: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    /// Reads both files and checks that they belong together.
    ///
    /// # Errors
    /// The first [`TlsFault`].
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, TlsFault> {
        let current = RwLock::new(read(&files)?);
        Ok(Arc::new(Self { files, current }))
    }

    /// Reads both files again. On an error the present certificate stays in use.
    ///
    /// # Errors
    /// The first [`TlsFault`].
    pub fn reload(&self) -> Result<(), TlsFault> {
        let fresh = read(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// The rustls configuration that asks this certificate at each handshake: TLS 1.2 and 1.3, ring, no client
    /// certificates.
    ///
    /// # Errors
    /// When rustls refuses the protocol versions.
    pub fn server_config(self: &Arc<Self>) -> io::Result<rustls::ServerConfig> {
        let builder = rustls::ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(self.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

fn read(files: &TlsFiles) -> Result<Arc<CertifiedKey>, TlsFault> {
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .map_err(TlsFault::Certificate)?
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsFault::Certificate)?;
    if chain.is_empty() {
        return Err(TlsFault::NoCertificate);
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(TlsFault::Key)?;
    let certified = CertifiedKey::new(chain, any_supported_type(&key).map_err(TlsFault::Mismatch)?);
    certified.keys_match().map_err(TlsFault::Mismatch)?;
    Ok(Arc::new(certified))
}
