namespace Ips.Testing.Load;

/// <summary>How soon a client knows that the server closed a connection.</summary>
internal enum LoadDistance
{
    /// <summary>At once, as over loopback: it looks for a FIN or RST right before each request on a kept connection, and then asks on a new
    /// one.</summary>
    Near,

    /// <summary>Only <see cref="LoadOptions.FarDelay"/> after the close arrived, as over a network: until then it may send its next request
    /// on that connection, and that request is lost. Near clients hide a server that closes connections untold; far ones show it.</summary>
    Far,
}
