using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ips.Fleet.Security;

/// <summary>The fleet's own authority and the certificates that it issues: ECDSA on P-256, no revocation list, nothing of the
/// system's.</summary>
internal static class FleetCertificates
{
    /// <summary>The object identifiers of the extended key usages (RFC 5280, 4.2.1.12).</summary>
    internal const string ServerUsage = "1.3.6.1.5.5.7.3.1", ClientUsage = "1.3.6.1.5.5.7.3.2";

    /// <summary>How long a node's certificate is valid.</summary>
    public static TimeSpan NodeLifetime { get; } = TimeSpan.FromDays(365);

    // A node whose clock is a little behind must not refuse a certificate that was just made.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromHours(1);

    /// <summary>Makes an authority that is valid for ten years.</summary>
    /// <param name="now">The time.</param>
    public static X509Certificate2 MakeAuthority(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // The random part tells the authorities of two fleets apart in a log; trust goes by the key.
        var name = $"CN=Ips fleet CA {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForCertificateAuthority(pathLengthConstraint: 0));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(now - ClockDifference, now.AddYears(10));
    }

    /// <summary>Issues a node's certificate for both sides of a connection, since each agent dials and is dialled.</summary>
    /// <param name="authority">The authority, with its key.</param>
    /// <param name="name">The node's name: the common name.</param>
    /// <param name="address">Its host is the only alternative name.</param>
    /// <param name="now">The time.</param>
    /// <returns>The certificate, with its key.</returns>
    public static X509Certificate2 Issue(X509Certificate2 authority, string name, FleetAddress address, DateTimeOffset now)
    {
        var until = now + NodeLifetime;
        return Issue(authority, name, address, now - ClockDifference,
            until < authority.NotAfter ? until : authority.NotAfter, ServerUsage, ClientUsage);
    }

    /// <summary>As the other, with every term; tests make unfit certificates by it.</summary>
    internal static X509Certificate2 Issue(X509Certificate2 authority, string name, FleetAddress address, DateTimeOffset from,
        DateTimeOffset until, params string[] usages)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (address.Ip is { } ip) names.AddIpAddress(ip);
        else names.AddDnsName(address.Host);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(X509BasicConstraintsExtension.CreateForEndEntity(critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        var purposes = new OidCollection();
        foreach (var usage in usages) purposes.Add(new Oid(usage));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(purposes, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40); // positive, and of full length
        using var bare = request.Create(authority, from, until, serial);
        return bare.CopyWithPrivateKey(key);
    }

    /// <summary>Writes a certificate (0644) and its key (0600).</summary>
    public static void Save(X509Certificate2 certificate, string certificateFile, string keyFile)
    {
        using var key = certificate.GetECDsaPrivateKey() ?? throw new ArgumentException("It has no key.", nameof(certificate));
        FleetFiles.Write(keyFile, key.ExportPkcs8PrivateKeyPem() + "\n", FleetFiles.Secret);
        SaveCertificate(certificate, certificateFile);
    }

    /// <summary>Writes a certificate alone (0644).</summary>
    public static void SaveCertificate(X509Certificate2 certificate, string file) =>
        FleetFiles.Write(file, certificate.ExportCertificatePem() + "\n", FleetFiles.Public);

    /// <summary>Reads a certificate with its key.</summary>
    /// <exception cref="FleetFileException">A file is missing or unfit.</exception>
    public static X509Certificate2 Load(string certificateFile, string keyFile)
    {
        var certificate = FleetFiles.Read(certificateFile, "the certificate", secret: false);
        var key = FleetFiles.Read(keyFile, "the key", secret: true);
        try
        {
            return X509Certificate2.CreateFromPem(certificate, key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            // Which of the two it is decides what the operator looks at.
            LoadCertificate(certificateFile);
            throw new FleetFileException($"{keyFile} is not the key of {certificateFile}: {e.Message} Copy both files from the folder "
                + "that 'ips agent add' made.", e);
        }
    }

    /// <summary>Reads a certificate without a key.</summary>
    /// <exception cref="FleetFileException">The file is missing or unfit.</exception>
    public static X509Certificate2 LoadCertificate(string file)
    {
        var text = FleetFiles.Read(file, "the certificate", secret: false);
        try
        {
            return X509Certificate2.CreateFromPem(text);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new FleetFileException($"{file} is not a certificate in PEM: {e.Message} Copy it again.", e);
        }
    }

    /// <summary>Reads what an agent needs, and checks that other agents will accept it.</summary>
    /// <param name="files">Where it is.</param>
    /// <param name="name">The node's name.</param>
    /// <param name="address">Its address.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="FleetFileException">A file is missing or unfit.</exception>
    public static FleetIdentity LoadIdentity(TlsFiles files, string name, FleetAddress address, DateTimeOffset now)
    {
        var authority = LoadCertificate(files.Ca);
        var own = Load(files.Certificate, files.Key);
        const string Again = "Make a new one with 'ips agent add' where the fleet's CA is.";
        if (FleetTls.ChainFault(own, authority, ServerUsage, now) is { } server)
            throw new FleetFileException($"{files.Certificate} would be refused by other agents ({server}; CA {files.Ca}). {Again}");
        if (FleetTls.ChainFault(own, authority, ClientUsage, now) is { } client)
            throw new FleetFileException($"{files.Certificate} would be refused by agents that it dials ({client}). {Again}");
        if (!own.MatchesHostname(address.Host, allowWildcards: false, allowCommonName: false))
            throw new FleetFileException($"{files.Certificate} is not for {address.Host}, where this agent listens. {Again}");
        if (own.GetNameInfo(X509NameType.SimpleName, forIssuer: false) is var common && common != name)
            throw new FleetFileException($"{files.Certificate} is that of node {common}, and ips.agent.name is {name}. {Again}");
        return new FleetIdentity(own, authority);
    }
}

/// <summary>What an agent shows, and by what it judges others.</summary>
/// <param name="Own">The node's certificate, with its key.</param>
/// <param name="Authority">The fleet's authority.</param>
internal sealed record FleetIdentity(X509Certificate2 Own, X509Certificate2 Authority) : IDisposable
{
    /// <summary>When the node's certificate ends; see <see cref="CertificateExpiry"/>.</summary>
    public DateTimeOffset NotAfter => Own.NotAfter < Authority.NotAfter ? Own.NotAfter : Authority.NotAfter;

    /// <inheritdoc/>
    public void Dispose()
    {
        Own.Dispose();
        Authority.Dispose();
    }
}
