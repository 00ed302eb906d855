namespace Ips.Host.Api;

/// <summary>Why a request was refused, in both languages that answers come in.</summary>
internal sealed record Problem(ApiCode Code, string English, string Chinese)
{
    /// <summary>The HTTP status that goes with it if no other is said: 401 for the codes of authentication, 200 for the others
    /// (the envelope's code speaks for them; existing clients rely on it).</summary>
    public int Status { get; init; } = Code switch
    {
        ApiCode.KeyNotFound or ApiCode.SignatureWrong or ApiCode.Expired or ApiCode.AccessDenied => 401,
        ApiCode.Internal => 500,
        ApiCode.StoreAway => 503,
        _ => 200,
    };

    /// <summary>The text in English, or in Chinese if <paramref name="chinese"/>.</summary>
    public string Message(bool chinese) => chinese ? Chinese : English;

    /// <summary>Several problems of one request as one: the first one's code, and the texts of the first ten.</summary>
    public static Problem Join(IReadOnlyList<Problem> problems)
    {
        if (problems.Count == 1) return problems[0];
        var more = problems.Count > MaxJoined;
        return problems[0] with
        {
            English = string.Join("; ", problems.Take(MaxJoined).Select(p => p.English)) + (more ? $"; and {problems.Count - MaxJoined} more" : ""),
            Chinese = string.Join("；", problems.Take(MaxJoined).Select(p => p.Chinese)) + (more ? $"；等 {problems.Count} 处" : ""),
        };
    }

    // An answer must stay small when a body of 64 KiB has a mistake every few bytes.
    private const int MaxJoined = 10;
}
