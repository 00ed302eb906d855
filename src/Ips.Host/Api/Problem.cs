using Ips.Host.Auth;
using Ips.Host.Inventory;

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

    /// <summary>What a client is answered when the inventory refuses: only a text that cannot be read at all is an error of HTTP.</summary>
    public static implicit operator Problem(Refusal refusal) => new(
        refusal.Kind == RefusalKind.Missing ? ApiCode.ParameterMissing : ApiCode.WrongTypeOrRange, refusal.English, refusal.Chinese)
    {
        Status = refusal.Kind == RefusalKind.Unreadable ? 400 : 200,
    };

    /// <summary>What a client is answered that is not let in: 401, also where the code is one of the business's.</summary>
    public static implicit operator Problem(AuthRefusal refusal) => new(
        refusal.Kind switch
        {
            AuthRefusalKind.NoKey => ApiCode.KeyNotFound,
            AuthRefusalKind.Incomplete => ApiCode.ParameterMissing,
            AuthRefusalKind.Malformed => ApiCode.WrongTypeOrRange,
            AuthRefusalKind.SignatureWrong => ApiCode.SignatureWrong,
            AuthRefusalKind.Expired => ApiCode.Expired,
            _ => ApiCode.AccessDenied,
        }, refusal.English, refusal.Chinese)
    { Status = 401 };
}
