namespace Ips.Host.Api;

/// <summary>The access log, on standard output. HOCON block <c>ips.access-log</c>.</summary>
internal sealed class AccessLogOptions
{
    /// <summary>Its form. Default off.</summary>
    public AccessLogFormat Format { get; set; } = AccessLogFormat.Off;

    /// <summary>Lines that wait for a slow standard output; what comes on top is dropped, counted and reported, so that a full disk or a
    /// stuck pipe cannot stop the service. From 16 to 1,000,000. Default 8,192, some 2 MB.</summary>
    public int BufferLines { get; set; } = 8_192;
}

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
