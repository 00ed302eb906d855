namespace Ips.Actors.Launch;

/// <summary>The name of a release: of its folder in <c>releases/</c>. Pure.</summary>
internal static class ReleaseName
{
    /// <summary>The most characters of a name.</summary>
    public const int MaxLength = 100;

    /// <summary>Why a name cannot be that of a release; null if it can.</summary>
    public static string? Fault(string? name) => name switch
    {
        null or "" => "the release's name is empty",
        { Length: > MaxLength } => $"the release's name has {name.Length} characters; at most {MaxLength} are possible",
        _ when !char.IsAsciiLetterOrDigit(name[0]) || name.Any(c => !IsAllowed(c)) =>
            $"the release's name '{name}' must begin with a letter or digit, and have only letters, digits and . _ + - in it",
        _ => null,
    };

    /// <summary>The nearest text that can be a name; null if nothing is left of it.</summary>
    public static string? From(string? text)
    {
        var name = string.Concat((text ?? "").Trim().Select(c => IsAllowed(c) ? c : '-')).TrimStart('.', '_', '+', '-').TrimEnd('.', '-');
        if (name.Length > MaxLength) name = name[..MaxLength];
        return Fault(name) is null ? name : null;
    }

    private static bool IsAllowed(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '+' or '-';
}
