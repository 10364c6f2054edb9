//! Issues the certificates of the webhook: an authority that signs one leaf and is then forgotten.

use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

use super::NAME;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long the authority lasts.
pub(super) const AUTHORITY_DAYS: u32 = 3_652;
/// How long the webhook's certificate lasts.
pub(super) const LEAF_DAYS: u32 = 90;
/// Clocks of a cluster's machines differ.
const BACKDATED: Duration = Duration::from_secs(60 * 60);

/// What was issued, PEM.
pub(super) struct Issued {
    pub(super) authority: String,
    pub(super) leaf: String,
    pub(super) key: String,
}

/// Returns the names by which an API server or a test calls the webhook, and further ones.
pub(super) fn names(namespace: &str, further: &[String]) -> Vec<String> {
    let service = format!("{NAME}.{namespace}");
    let mut names = vec![format!("{service}.svc"), format!("{service}.svc.cluster.local"), service];
    names.extend(["localhost".to_owned(), "127.0.0.1".to_owned()]);
    names.extend(further.iter().cloned());
    names
}

/// Issues certificates that last from `now`, the time since 1970.
///
/// # Errors
/// When a name is neither a DNS name nor an address.
pub(super) fn issue(names: &[String], now: Duration) -> Result<Issued, rcgen::Error> {
    let epoch = date_time_ymd(1970, 1, 1);
    let dated = |mut params: CertificateParams, name: &str, days: u32| {
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = epoch + now.saturating_sub(BACKDATED);
        params.not_after = epoch + now + DAY * days;
        params
    };
    let mut authority = dated(CertificateParams::default(), "streamflow-webhook-ca", AUTHORITY_DAYS);
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut leaf = dated(CertificateParams::new(names.to_vec())?, NAME, LEAF_DAYS);
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let leaf = leaf.signed_by(&key, &authority)?;
    Ok(Issued { authority: authority.pem(), leaf: leaf.pem(), key: key.serialize_pem() })
}
