using System.Security.Cryptography;
using System.Text;
using Ips.Host.Inventory.Storage;

namespace Ips.Host.Auth;

/// <summary>Whether a signature is that of a key. Pure.</summary>
internal static class SignatureVerifier
{
    // Takes the place of the secret of a key that does not exist, so that the same work is done. Random: nobody can sign with it.
    private static readonly string NoSecret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether <c>expires</c> lies in the window. <paramref name="now"/> counts in whole seconds, as <c>expires</c>
    /// does.</summary>
    public static bool IsInWindow(long expires, DateTimeOffset now, TimeSpan window)
    {
        var age = now.ToUnixTimeSeconds() - expires;
        return age >= 0 && age < window.TotalSeconds;
    }

    /// <summary>Checks a signature. An unknown key and a wrong signature cost the same and answer the same; that a key is disabled is said
    /// only to who knows its secret.</summary>
    /// <returns>Null if the request is who it says it is.</returns>
    public static AuthRefusal? Verify(Credentials credentials, AccessKey? key, ReadOnlySpan<byte> text, DateTimeOffset now)
    {
        var given = Encoding.UTF8.GetBytes(credentials.Signature);
        if (!Matches(credentials.Scheme, key?.Secret ?? NoSecret, text, given) | key is null)
        {
            // Whoever is refused has cost two digests, whether there is a key, or a previous secret, or not.
            var previous = Matches(credentials.Scheme, key?.PreviousSecret ?? NoSecret, text, given);
            var isPreviousValid = key?.PreviousSecret is not null && now < key.PreviousUntil;
            if (!(previous & isPreviousValid)) return AuthRefusals.SignatureWrong;
        }
        return key!.IsEnabled ? null : AuthRefusals.KeyDisabled;
    }

    private static bool Matches(SignatureScheme scheme, string secret, ReadOnlySpan<byte> text, ReadOnlySpan<byte> given) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(SignatureText.Sign(scheme, secret, text)), given);
}
