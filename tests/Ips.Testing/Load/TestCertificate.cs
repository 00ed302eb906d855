using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Ips.Testing.Load;

/// <summary>Self-signed certificates for servers under test.</summary>
internal static class TestCertificate
{
    private const string Subject = "CN=localhost";

    /// <summary>The password of the files.</summary>
    public const string Password = "secret";

    /// <summary>A new certificate, as the content of a PKCS #12 file.</summary>
    /// <param name="thumbprint">What tells it from others.</param>
    public static byte[] MakePfx(out string thumbprint)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(Subject, key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        thumbprint = certificate.Thumbprint;
        return certificate.Export(X509ContentType.Pfx, Password);
    }

    /// <summary>Takes a certificate as it is made here: nobody has signed it, and what is tested is the connection.</summary>
    internal static bool Accept(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate?.Subject == Subject;
}
