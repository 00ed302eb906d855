namespace Ips.Host.Api;

/// <summary>Ids of the log events of the inventory and its API, 5000 to 5099 and 3420 to 3439. A contract with operators: a retired id is
/// not used again.</summary>
internal static class ApiEventIds
{
    public const int StoreAway = 3420;
    public const int StoreHealthChanged = 3421;
    public const int StoreHealthBack = 3422;
    public const int UnhandledError = 5000;
    public const int StoreBusy = 5001;
    public const int StoreOpened = 5010;
    public const int NoKey = 5020;
    public const int AnonymousLoopback = 5021;
    public const int AccessLinesDropped = 5030;
    public const int AccessLogFailed = 5031;
}
