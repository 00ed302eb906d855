using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Remote.Transport.DotNetty;

namespace Ips.Fleet.Security;

/// <summary>TLS between agents: both sides show a certificate, and only the fleet's own authority counts.</summary>
/// <remarks>
/// A validator replaces all that Akka would check, so it checks everything: the chain, the usage, the time, and of the peer that was
/// dialled also its name. The name of a peer that dials in is not checked: its address says nothing where an agent leaves by another
/// interface. A connection that is up stays up when a certificate ends; see <see cref="CertificateExpiry"/>.
/// </remarks>
internal static class FleetTls
{
    /// <summary>What Akka needs to know of it.</summary>
    /// <param name="identity">This agent's certificate and the fleet's authority.</param>
    /// <param name="time">The clock.</param>
    /// <param name="refused">Called with a line for a person when a peer is refused, on a thread of the network.</param>
    public static DotNettySslSetup Setup(FleetIdentity identity, TimeProvider time, Action<string> refused) => new(
        identity.Own, suppressValidation: false, requireMutualAuthentication: true, validateCertificateHostname: true,
        (certificate, _, peer, errors, _) =>
        {
            if (Fault(certificate, peer, errors, identity.Authority, time.GetUtcNow()) is not { } fault) return true;
            refused($"Refused peer {peer}{(certificate is null ? "" : $" ({Name(certificate)})")}: {fault}.");
            return false;
        });

    /// <summary>Why a peer is refused; null if it is not.</summary>
    /// <param name="certificate">What it showed.</param>
    /// <param name="peer">Outbound the URI that was dialled, inbound the address of the socket.</param>
    /// <param name="errors">What SslStream found.</param>
    /// <param name="authority">The fleet's authority.</param>
    /// <param name="now">The time.</param>
    public static string? Fault(X509Certificate2? certificate, string? peer, SslPolicyErrors errors, X509Certificate2 authority,
        DateTimeOffset now)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable)) return "it showed no certificate";
        var dialled = peer is not null && peer.Contains("://", StringComparison.Ordinal);
        var usage = dialled ? FleetCertificates.ServerUsage : FleetCertificates.ClientUsage;
        if (ChainFault(certificate, authority, usage, now) is { } fault) return fault;
        if (!dialled) return null;
        if (!Uri.TryCreate(peer, UriKind.Absolute, out var uri)) return "the address that was dialled cannot be read";
        var host = uri.Host.Trim('[', ']');
        return certificate.MatchesHostname(host, allowWildcards: false, allowCommonName: false) ? null
            : $"its certificate is not for {host}";
    }

    /// <summary>Why a certificate does not count; null if it does.</summary>
    public static string? ChainFault(X509Certificate2 certificate, X509Certificate2 authority, string usage, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        policy.CustomTrustStore.Add(authority);
        policy.RevocationMode = X509RevocationMode.NoCheck; // the fleet has no list; a new authority is how one is revoked
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = now.LocalDateTime;
        policy.VerificationTimeIgnored = false;
        policy.ApplicationPolicy.Add(new Oid(usage));
        if (!chain.Build(certificate))
            return "its certificate is not accepted: " + string.Join(", ", chain.ChainStatus.Select(status => status.Status).Distinct());
        // A certificate without the extension is fit for every usage by the standard, but none that the fleet's authority issued is.
        if (!certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any()) return "its certificate names no usage";
        return certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(basic => basic.CertificateAuthority)
            ? "it is a certificate authority's" : null;
    }

    private static string Name(X509Certificate2 certificate) => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
}
