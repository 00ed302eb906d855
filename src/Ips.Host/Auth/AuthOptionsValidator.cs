using Microsoft.Extensions.Options;

namespace Ips.Host.Auth;

/// <summary>Reports everything that is wrong with <see cref="AuthOptions"/> at once.</summary>
internal sealed class AuthOptionsValidator : IValidateOptions<AuthOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, AuthOptions options)
    {
        List<string> errors = [];
        if (options.Window < TimeSpan.FromSeconds(1) || options.Window > TimeSpan.FromMinutes(5))
            errors.Add($"ips.auth.window is {options.Window}; it must be from 1s to 5m.");
        if (options.KeyCache < TimeSpan.Zero || options.KeyCache > TimeSpan.FromMinutes(1))
            errors.Add($"ips.auth.key-cache is {options.KeyCache}; it must be from 0s to 1m.");
        if (options.NonceCapacity is < 1_000 or > 10_000_000)
            errors.Add($"ips.auth.nonce-capacity is {options.NonceCapacity}; it must be from 1000 to 10000000.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
