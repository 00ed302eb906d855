using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;

namespace Ips.Actors.WebSockets;

/// <summary>Digests whom the app has authenticated, not what it knows of them: roles may have changed meanwhile.</summary>
internal static class UpgradeIdentity
{
    /// <summary>The digest of a request's user.</summary>
    public static byte[] Of(ClaimsPrincipal user)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var identity in user.Identities.Where(identity => identity.IsAuthenticated))
        {
            Add(identity.AuthenticationType);
            Add(identity.Name);
            foreach (var claim in identity.Claims.Where(claim => claim.Type is ClaimTypes.NameIdentifier or "sub"))
            {
                Add(claim.Issuer);
                Add(claim.Value);
            }
        }

        return hash.GetHashAndReset();

        void Add(string? text)
        {
            var bytes = Encoding.UTF8.GetBytes(text ?? "");
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }
    }
}
