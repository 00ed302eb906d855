namespace Ips.Host.Api;

/// <summary>The forms of the access log.</summary>
internal enum AccessLogFormat
{
    /// <summary>No access log.</summary>
    Off,

    /// <summary>The Common Log Format, with duration, generation and trace id after it.</summary>
    Common,

    /// <summary>One JSON object a line.</summary>
    Json,
}
