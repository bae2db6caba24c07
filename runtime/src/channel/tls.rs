//! TLS 1.3 over TCP, with raw public keys pinned on both sides.
//!
//! TLS 1.3 (RFC 8446) by `rustls`, raw public keys (RFC 7250) of Ed25519. Each side presents its key, proves that it holds the secret,
//! and accepts exactly the one key that it has pinned. No certificates, no authorities, nothing that expires.
//!
//! # Invariants
//! - A [`Channel`] comes out of this module only if the peer has proved that it holds the pinned key. The listening side knows
//!   that when it returns; the connecting side may still be refused, which its first read then reports.
//! - The channel's binding is the TLS exporter (RFC 5705) over both parties' keys: equal on both sides, new for every connection.
//! - No early data, no tickets, no resumption: nothing that was recorded is accepted again.
//!
//! # Security
//! Nobody but the two holders of the pinned keys reads, changes, repeats or cuts short what the channel carries without being
//! noticed; who listens sees addresses, times and lengths, and neither key. Later theft of both secret keys does not open recorded
//! connections (X25519 is ephemeral); a quantum computer would. TLS takes its randomness from the operating system.

use std::io;
use std::pin::Pin as StdPin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::{cipher_suite, default_provider, kx_group};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, ClientConfig, Error as RustlsError, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, split};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::time::timeout;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use self::pinned::Pinned;
use super::{Channel, KeyRefused, Timeouts, tcp};
use crate::identity::{Fingerprint, Identity, Pin, PublicKey};

mod pinned;

/// Our key and the peer's: all that it takes to connect or to accept.
#[derive(Clone)]
pub struct Endpoint {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    ours: PublicKey,
}

/// Why there is no TLS connection.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// There was no connection to begin with, or it failed.
    #[error(transparent)]
    Network(#[from] io::Error),
    /// The peer connected and then took too long.
    #[error("no TLS handshake in time: gave up after {0:?}")]
    Timeout(Duration),
    /// The peer closed the connection.
    #[error("the other party closed the connection in the TLS handshake")]
    Closed,
    /// The peer is not the one that we expect.
    #[error(transparent)]
    WrongKey(#[from] WrongKey),
    /// The peer expects somebody else.
    #[error(transparent)]
    KeyRefused(#[from] KeyRefused),
    /// What came is not TLS.
    #[error("the other party does not speak TLS, or something on the way changes what it sends")]
    NotTls,
    /// The peer, or something on the way to it, broke the TLS protocol.
    #[error("the TLS handshake failed: {0}")]
    Protocol(RustlsError),
}

/// The peer presented another key than the pinned one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("wrong key: expected {expected}, but the other party has {found}")]
pub struct WrongKey {
    /// The pinned one.
    pub expected: Fingerprint,
    /// The one that the peer presented. It has not proved that it holds it.
    pub found: Fingerprint,
}

impl TlsError {
    /// The exit code of a command that ends with this error.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            TlsError::KeyRefused(_) => 4,
            TlsError::Network(_) | TlsError::Timeout(_) | TlsError::Closed => 5,
            TlsError::WrongKey(_) | TlsError::NotTls | TlsError::Protocol(_) => 6,
        }
    }

    fn of_handshake(error: io::Error, ours: PublicKey) -> TlsError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<RustlsError>()) {
            Some(inner) => match pinned::wrong_key(inner) {
                Some(wrong) => wrong.into(),
                None if is_refusal(inner) => KeyRefused { ours: ours.fingerprint() }.into(),
                None if matches!(inner, RustlsError::InvalidMessage(_)) => TlsError::NotTls,
                None => TlsError::Protocol(inner.clone()),
            },
            None if is_close(&error) => TlsError::Closed,
            None => TlsError::Network(error),
        }
    }
}

impl Endpoint {
    /// For connections between `identity` and the holder of the key that `peer` names.
    #[must_use]
    pub fn new(identity: &Identity, peer: Pin) -> Endpoint {
        Endpoint::present(identity, identity.public_key(), peer)
    }

    /// Presents a key that `identity` does not hold.
    #[cfg(test)]
    pub(crate) fn with_key_of(identity: &Identity, stolen: PublicKey, peer: Pin) -> Endpoint {
        Endpoint::present(identity, stolen, peer)
    }

    fn present(identity: &Identity, ours: PublicKey, peer: Pin) -> Endpoint {
        let provider = Arc::new(provider());
        let verifier = Arc::new(Pinned::new(peer, provider.signature_verification_algorithms));
        let key = Arc::new(CertifiedKey::new(vec![CertificateDer::from(ours.to_spki())], identity.signer()));
        Endpoint {
            client: Arc::new(client(provider.clone(), verifier.clone(), key.clone())),
            server: Arc::new(server(provider, verifier, key)),
            ours,
        }
    }

    /// Connects to `address`; where nobody listens yet, tries again until `timeouts.connect` has run out.
    ///
    /// # Errors
    /// See [`TlsError`]. That the peer refuses our key may show only when the channel is read.
    pub async fn connect(&self, address: impl ToSocketAddrs, timeouts: &Timeouts) -> Result<Channel, TlsError> {
        let tcp::Connected { stream, opened, network } = tcp::connect_stream(address, timeouts.connect).await?;
        let name = ServerName::try_from(SERVER_NAME).expect("it is a name");
        let handshake = TlsConnector::from(self.client.clone()).connect(name, stream).into_fallible();
        let stream = self.within(timeouts.handshake, handshake).await?;
        let binding = binding(stream.get_ref().1, [self.ours, presented(stream.get_ref().1)?])?;
        Ok(self.channel(stream, binding).opened_at(opened).over(network))
    }

    /// The next connection of `listener`.
    ///
    /// # Errors
    /// See [`TlsError`]. The listener can be used again.
    pub async fn accept(&self, listener: &tcp::Listener, timeouts: &Timeouts) -> Result<Channel, TlsError> {
        let stream = listener.accept_stream(timeouts.connect).await?;
        self.shake_hands(stream, timeouts.handshake).await
    }

    /// Makes a channel of an accepted connection.
    pub(super) async fn shake_hands(&self, stream: TcpStream, patience: Duration) -> Result<Channel, TlsError> {
        let opened = Instant::now();
        let handshake = TlsAcceptor::from(self.server.clone()).accept(stream).into_fallible();
        let stream = self.within(patience, handshake).await?;
        let binding = binding(stream.get_ref().1, [presented(stream.get_ref().1)?, self.ours])?;
        Ok(self.channel(stream, binding).opened_at(opened))
    }

    async fn within<T>(
        &self,
        patience: Duration,
        handshake: impl Future<Output = Result<T, (io::Error, TcpStream)>>,
    ) -> Result<T, TlsError> {
        match timeout(patience, handshake).await {
            Err(_) => Err(TlsError::Timeout(patience)),
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err((error, stream))) => {
                close_gently(stream).await;
                Err(TlsError::of_handshake(error, self.ours))
            }
        }
    }

    fn channel(&self, stream: impl AsyncRead + AsyncWrite + Send + 'static, binding: [u8; BINDING_BYTES]) -> Channel {
        let (reader, writer) = split(stream);
        Channel::new(Refusals { reader, ours: self.ours }, writer, binding.to_vec())
    }
}

fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![cipher_suite::TLS13_AES_128_GCM_SHA256, cipher_suite::TLS13_CHACHA20_POLY1305_SHA256],
        kx_groups: vec![kx_group::X25519],
        ..default_provider()
    }
}

fn client(provider: Arc<CryptoProvider>, verifier: Arc<Pinned>, key: Arc<CertifiedKey>) -> ClientConfig {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has suites of TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(rustls::client::AlwaysResolvesClientRawPublicKeys::new(key)));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.enable_sni = false;
    config.resumption = rustls::client::Resumption::disabled();
    config
}

fn server(provider: Arc<CryptoProvider>, verifier: Arc<Pinned>, key: Arc<CertifiedKey>) -> ServerConfig {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has suites of TLS 1.3")
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(rustls::server::AlwaysResolvesServerRawPublicKeys::new(key)));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config
}

/// The key that the peer has proved to hold.
fn presented(connection: &rustls::CommonState) -> Result<PublicKey, TlsError> {
    let spki = connection.peer_certificates().and_then(<[_]>::first);
    spki.and_then(|spki| PublicKey::from_spki(spki)).ok_or(TlsError::Protocol(RustlsError::NoCertificatesPresented))
}

/// What names the connection: the exporter over the connecting party's key and the listening one's.
fn binding<D: rustls::SideData>(
    connection: &rustls::ConnectionCommon<D>,
    [connecting, listening]: [PublicKey; 2],
) -> Result<[u8; BINDING_BYTES], TlsError> {
    let context = [*connecting.as_bytes(), *listening.as_bytes()].concat();
    connection.export_keying_material([0; BINDING_BYTES], EXPORTER_LABEL, Some(&context)).map_err(TlsError::Protocol)
}

/// Whether the peer says that it does not want our key.
fn is_refusal(error: &RustlsError) -> bool {
    matches!(error, RustlsError::AlertReceived(AlertDescription::CertificateUnknown))
}

fn is_close(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// Lets the peer read why we refuse: closing while it still sends would take the alert back.
async fn close_gently(mut stream: TcpStream) {
    let drain = async {
        // Whether or not the peer hears it, we are done.
        let _ = stream.shutdown().await;
        let mut ignored = [0; 1024];
        let mut left = DRAINED_BYTES_MAX;
        while left > 0 {
            match stream.read(&mut ignored).await {
                Ok(n) if n > 0 => left = left.saturating_sub(n),
                _ => break,
            }
        }
    };
    let _ = timeout(LAST_WORDS, drain).await;
}

/// Turns the alert that means "not your key" into an error of its own.
struct Refusals<R> {
    reader: R,
    ours: PublicKey,
}

impl<R: AsyncRead + Unpin> AsyncRead for Refusals<R> {
    fn poll_read(mut self: StdPin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let ours = self.ours;
        StdPin::new(&mut self.reader).poll_read(cx, buf).map_err(|error| {
            let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<RustlsError>());
            if inner.is_some_and(is_refusal) { KeyRefused { ours: ours.fingerprint() }.into() } else { error }
        })
    }
}

const BINDING_BYTES: usize = 32;
/// Labels that begin so need no registration (RFC 5705, section 4).
const EXPORTER_LABEL: &[u8] = b"EXPERIMENTAL hushgate channel binding v1";
const ALPN: &[u8] = b"hushgate/1";
/// The library wants a name; it is not sent, and means nothing.
const SERVER_NAME: &str = "hushgate.invalid";
const LAST_WORDS: Duration = Duration::from_millis(500);
const DRAINED_BYTES_MAX: usize = 1 << 20;
