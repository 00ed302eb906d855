namespace Ips.Host.Api;

/// <summary>Which generation this process is, for the access log.</summary>
internal interface IGenerationNumber
{
    /// <summary>From 1; 0 as long as it is not known.</summary>
    int Current { get; }
}
