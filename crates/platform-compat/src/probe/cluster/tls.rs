//! Who is trusted, and with which certificate one shows oneself.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use secrecy::{ExposeSecret as _, SecretString};

/// Certificates and the key of the first of them, as PEM.
pub(super) type Identity = (SecretString, SecretString);

/// How connections are protected. Without an `authority` those of the system count.
///
/// # Errors
/// What is wrong with certificates or key, without showing them.
pub(super) fn config(
    authority: Option<&SecretString>,
    identity: Option<&Identity>,
) -> Result<ClientConfig, String> {
    let roots = match authority {
        Some(pem) => trusted(certificates(pem, "`certificate-authority`")?)?,
        None => system()?,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    let Some((chain, key)) = identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(chain, "the client's certificate")?;
    // The reason could tell what stands there instead of a key.
    let key = PrivateKeyDer::from_pem_slice(key.expose_secret().as_bytes())
        .map_err(|_| "the client's key is none in PEM".to_owned())?;
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|error| format!("the client's certificate and key cannot be used: {error}"))
}

fn certificates(pem: &SecretString, what: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose_secret().as_bytes()).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!("{what} has no certificate in PEM")),
    }
}

fn trusted(certificates: Vec<CertificateDer<'static>>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        roots
            .add(certificate)
            .map_err(|error| format!("`certificate-authority` has a certificate that is none: {error}"))?;
    }
    Ok(roots)
}

/// What the system trusts. Of a hundred authorities one that cannot be read is no matter.
fn system() -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        return Err("the cluster has no `certificate-authority`, and the system trusts nobody".to_owned());
    }
    Ok(roots)
}
