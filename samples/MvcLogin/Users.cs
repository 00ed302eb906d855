using Microsoft.AspNetCore.Identity;

namespace MvcLogin;

/// <summary>Who may log in: names and password hashes of the section <c>Users</c>.</summary>
public sealed class Users(IConfiguration configuration)
{
    private readonly PasswordHasher<string> _hasher = new();

    /// <summary>Whether this is the user's password.</summary>
    public bool Check(string name, string password) => configuration.GetSection("Users")[name] is { } hash
        && _hasher.VerifyHashedPassword(name, hash, password) != PasswordVerificationResult.Failed;
}
