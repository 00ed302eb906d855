namespace Ips.Testing;

/// <summary>What <see cref="ReloadTest"/> starts, and how it reloads it.</summary>
public sealed class ReloadTestOptions
{
    /// <summary>Gets the published app.</summary>
    /// <value>The folder that <c>dotnet publish</c> wrote, or the program in it (<c>App</c> or <c>App.dll</c>). A relative path is relative
    /// to the folder of the test's assembly.</value>
    public required string App { get; init; }

    /// <summary>Gets the releases that the reloads switch to, such as the next one and then the old one again. <see cref="App"/> is the
    /// first to run.</summary>
    /// <value>Paths like <see cref="App"/>; after the last one follows <see cref="App"/>. Default empty: each reload starts the same
    /// release again.</value>
    public IReadOnlyList<string> NextReleases { get; init; } = [];

    /// <summary>Gets the paths that the clients request with GET, in turn.</summary>
    /// <value>At least one; each begins with <c>/</c>. Default: <c>/</c>.</value>
    public IReadOnlyList<string> Paths { get; init; } = ["/"];

    /// <summary>Gets how often the app is reloaded.</summary>
    /// <value>From 1 to 1000. Default 3.</value>
    public int Reloads { get; init; } = 3;

    /// <summary>Gets the number of clients: a quarter opens a connection for each request, a quarter asks again as soon as it is answered,
    /// and the others ask now and then on a connection that they keep.</summary>
    /// <value>From 4 to 1000. Default 24.</value>
    public int Clients { get; init; } = 24;

    /// <summary>Gets the app's arguments.</summary>
    /// <value>Default empty.</value>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Gets the variables that are added to the test's own environment for the app; a null value removes one. The test itself sets
    /// <c>ASPNETCORE_URLS</c>, <c>Ips__PidFile</c> and <c>Ips__GenerationHeader</c>.</summary>
    /// <value>Default empty.</value>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>Gets where the app listens, if that is not for the test to choose: <c>http://127.0.0.1:PORT</c> or
    /// <c>https://127.0.0.1:PORT</c>. Any certificate is accepted.</summary>
    /// <value>Default null: the test picks a free port, and sets <c>ASPNETCORE_URLS</c>.</value>
    public Uri? Url { get; init; }

    /// <summary>Gets how long the start, each reload and the stop may take.</summary>
    /// <value>More than 0. Default 2 min.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <exception cref="ArgumentException">A value is out of its range; the message lists all that are.</exception>
    internal void Validate()
    {
        List<string> errors = [];
        if (Paths.Count == 0) errors.Add($"{nameof(Paths)} is empty; it must name a path.");
        foreach (var path in Paths.Where(path => path is not ['/', ..] || path.Any(c => c is <= ' ' or > '~')))
            errors.Add($"{nameof(Paths)} has '{path}'; a path begins with / and has neither spaces nor letters outside of ASCII.");
        if (Reloads is < 1 or > 1000) errors.Add($"{nameof(Reloads)} is {Reloads}; it must be from 1 to 1000.");
        if (Clients is < 4 or > 1000) errors.Add($"{nameof(Clients)} is {Clients}; it must be from 4 to 1000.");
        if (Timeout <= TimeSpan.Zero) errors.Add($"{nameof(Timeout)} is {Timeout}; it must be more than 0.");
        if (Url is not null and not { IsAbsoluteUri: true, Scheme: "http" or "https", Host: "127.0.0.1" or "localhost" })
            errors.Add($"{nameof(Url)} is {Url}; it must be an http or https address on 127.0.0.1.");
        if (errors.Count > 0) throw new ArgumentException(string.Join(System.Environment.NewLine, errors));
    }
}
