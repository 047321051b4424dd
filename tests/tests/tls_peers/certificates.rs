//! Certificates for `localhost`, made for the test.

#![allow(dead_code, reason = "no test uses all of it")]

use std::fs;
use std::path::{Path, PathBuf};

use asyncio::tls::rustls::{ClientConfig, ServerConfig};
use asyncio::tls::{client_config_with_roots, server_config};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// An authority, and what it has signed for `localhost` and `127.0.0.1`; as files too.
pub(crate) struct Certificates {
    directory: PathBuf,
    root: String,
    signed: String,
    key: String,
}

impl Certificates {
    /// `name` is the test's own.
    pub(crate) fn new(name: &str) -> Certificates {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        params
            .distinguished_name
            .push(DnType::CommonName, "an authority for tests");
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);

        let mut params = CertificateParams::new(vec!["localhost".into(), "127.0.0.1".into()]).unwrap();
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate().unwrap();
        let signed = params.signed_by(&key, &issuer).unwrap().pem();
        let key = key.serialize_pem();

        let directory = std::env::temp_dir().join(format!("asyncio-tls-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        for (file, text) in [("root.pem", &root), ("signed.pem", &signed), ("key.pem", &key)] {
            fs::write(directory.join(file), text).unwrap();
        }
        Certificates {
            directory,
            root,
            signed,
            key,
        }
    }

    /// Where `root.pem`, `signed.pem` and `key.pem` are.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn client(&self) -> ClientConfig {
        client_config_with_roots(&self.root).unwrap()
    }

    pub(crate) fn server(&self) -> ServerConfig {
        server_config(&self.signed, &self.key).unwrap()
    }
}

impl Drop for Certificates {
    fn drop(&mut self) {
        // Files that stay in the directory for what is temporary harm nobody.
        drop(fs::remove_dir_all(&self.directory));
    }
}
