//! rustls' configurations, made from what one usually has: PEM files, or the system's own roots.
//!
//! They are rustls' types, so everything else is set in their fields, or they are made with rustls alone.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig, WantsVerifier};

use super::failure::invalid;

/// The certificates in `pem`, in their order.
///
/// # Errors
///
/// `InvalidInput` when there is none, or one cannot be read.
pub fn certificates(pem: impl AsRef<[u8]>) -> io::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_ref()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(invalid("there is no certificate in the PEM text")),
        Err(error) => Err(invalid(format!("the certificates cannot be read: {error}"))),
    }
}

/// The first private key in `pem`: PKCS #8, PKCS #1 or SEC 1, not encrypted.
///
/// # Errors
///
/// `InvalidInput` when there is none, or it cannot be read.
pub fn private_key(pem: impl AsRef<[u8]>) -> io::Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(pem.as_ref())
        .map_err(|error| invalid(format!("the private key cannot be read: {error}")))
}

/// The certificates in `pem` as those that are trusted.
///
/// # Errors
///
/// `InvalidInput` when there is none, or one cannot be used.
pub fn root_store(pem: impl AsRef<[u8]>) -> io::Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem)? {
        roots
            .add(certificate)
            .map_err(|error| invalid(format!("a root certificate cannot be used: {error}")))?;
    }
    Ok(roots)
}

/// The application's cryptography, or else *ring*'s.
fn provider() -> Arc<CryptoProvider> {
    match CryptoProvider::get_default() {
        Some(provider) => provider.clone(),
        None => Arc::new(rustls::crypto::ring::default_provider()),
    }
}

fn client_builder() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(error.to_string()))
}

fn server_builder() -> io::Result<ConfigBuilder<ServerConfig, WantsVerifier>> {
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid(error.to_string()))
}

/// For a client that trusts whom the system trusts.
///
/// It reads the system's files, so it is to be called once, and shared as an `Arc`: connections with the same
/// configuration also resume each other's sessions.
///
/// # Errors
///
/// When the system has no certificate that can be used; it says what was tried. `SSL_CERT_FILE` and `SSL_CERT_DIR` name
/// others.
///
/// # Python
///
/// `ssl.create_default_context()`.
#[doc(alias = "create_default_context")]
pub fn client_config() -> io::Result<ClientConfig> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (used, unused) = roots.add_parsable_certificates(found.certs);
    if used == 0 {
        let mut message = format!("the system has no root certificates that can be used ({unused} cannot)");
        for error in found.errors {
            message = format!("{message}; {error}");
        }
        return Err(io::Error::new(io::ErrorKind::NotFound, message));
    }
    Ok(client_builder()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// For a client that trusts the certificates in `roots_pem`, and those that they have signed.
///
/// # Errors
///
/// `InvalidInput` when they cannot be used.
///
/// # Python
///
/// `ssl.create_default_context(cadata=...)`.
pub fn client_config_with_roots(roots_pem: impl AsRef<[u8]>) -> io::Result<ClientConfig> {
    let roots = root_store(roots_pem)?;
    Ok(client_builder()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// As [`client_config_with_roots`], with a certificate and its key, for a server that asks who the client is.
///
/// # Errors
///
/// `InvalidInput` when something cannot be used, or key and certificate do not fit.
///
/// # Python
///
/// `context.load_cert_chain(...)`.
#[doc(alias = "load_cert_chain")]
pub fn client_config_with_certificate(
    roots_pem: impl AsRef<[u8]>,
    certificates_pem: impl AsRef<[u8]>,
    key_pem: impl AsRef<[u8]>,
) -> io::Result<ClientConfig> {
    let roots = Arc::new(root_store(roots_pem)?);
    let verifier = WebPkiServerVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|error| invalid(error.to_string()))?;
    client_builder()?
        .with_webpki_verifier(verifier)
        .with_client_auth_cert(certificates(certificates_pem)?, private_key(key_pem)?)
        .map_err(|error| invalid(format!("the certificate cannot be used: {error}")))
}

/// For a server, with its certificate, the chain to the root after it if there is one, and its key.
///
/// # Errors
///
/// `InvalidInput` when something cannot be used, or key and certificate do not fit.
///
/// # Python
///
/// `ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)` and `context.load_cert_chain(...)`.
#[doc(alias = "load_cert_chain")]
pub fn server_config(
    certificates_pem: impl AsRef<[u8]>,
    key_pem: impl AsRef<[u8]>,
) -> io::Result<ServerConfig> {
    server_builder()?
        .with_no_client_auth()
        .with_single_cert(certificates(certificates_pem)?, private_key(key_pem)?)
        .map_err(|error| invalid(format!("the certificate cannot be used: {error}")))
}

/// As [`server_config`], for a server that lets nobody in who has no certificate that one of those in `client_roots_pem` has
/// signed.
///
/// # Errors
///
/// As `server_config`.
///
/// # Python
///
/// `context.verify_mode = ssl.CERT_REQUIRED`, and `context.load_verify_locations(...)`.
#[doc(alias = "load_verify_locations")]
pub fn server_config_with_client_roots(
    certificates_pem: impl AsRef<[u8]>,
    key_pem: impl AsRef<[u8]>,
    client_roots_pem: impl AsRef<[u8]>,
) -> io::Result<ServerConfig> {
    let roots = Arc::new(root_store(client_roots_pem)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider())
        .build()
        .map_err(|error| invalid(error.to_string()))?;
    server_builder()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(certificates_pem)?, private_key(key_pem)?)
        .map_err(|error| invalid(format!("the certificate cannot be used: {error}")))
}
