using Ips.Actors.Configuration;
using Ips.Host.Inventory;

namespace Ips.Host.Configuration;

/// <summary>The outcome of reading the configuration.</summary>
/// <param name="Settings">What would be used; what has a problem is at its default.</param>
/// <param name="Problems">Everything that is wrong; with one of these nothing may be started.</param>
internal sealed record LoadedSettings(DaemonSettings Settings, IReadOnlyList<ConfigProblem> Problems);

/// <summary>A key that an option of the command line outranks.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">What the file says, or the default.</param>
/// <param name="Option">The option.</param>
internal sealed record OutrankedKey(string Key, string Value, string Option);

/// <summary>Merges the defaults, the configuration file and the command line, in this order, and lists everything that is wrong.</summary>
internal static class SettingsLoader
{
    /// <summary>The PID file's name where none is set.</summary>
    internal const string DefaultPidFile = "ips.pid";

    /// <summary>The log file's name where none is set and the daemon has no other place to write to.</summary>
    internal const string DefaultLogFile = "ips.log";

    /// <summary>The variable by which <c>ips start</c> says that the <c>--log-file</c> of the daemon is its own default: then it ranks
    /// below the file. A release that does not know it takes <c>--log-file</c> as it is.</summary>
    internal const string DefaultLogVariable = "IPS_DEFAULT_LOG_FILE";

    /// <summary>The log file that <c>ips start</c> uses if none is set.</summary>
    internal static string DefaultLogPath(DaemonSettings settings) => FilePaths.Resolve(settings.Directory, DefaultLogFile);

    /// <summary>Reads the configuration.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="currentDirectory">The logical current directory.</param>
    /// <param name="needsLogFile">Whether a log file is used even if none is set (<c>ips start</c>).</param>
    internal static LoadedSettings Load(DaemonArguments arguments, string currentDirectory, bool needsLogFile)
    {
        List<ConfigProblem> problems = [];
        var directory = FilePaths.Resolve(currentDirectory, arguments.Directory ?? ".");
        if (!Directory.Exists(directory)) problems.Add(new("--directory", null, null, $"{directory} is not a directory."));
        var settings = new DaemonSettings { Directory = directory };
        settings.Ips.Drain.InKubernetes = Environment.GetEnvironmentVariable(DrainOptions.KubernetesVariable) is { Length: > 0 };

        settings.ConfigFile = arguments.Config is null ? null : FilePaths.Resolve(directory, arguments.Config);
        var file = settings.ConfigFile is null ? null : ReadFile(settings.ConfigFile, problems);
        if (file is not null) problems.AddRange(file.Read(DaemonKeys.Table, settings, Path.GetDirectoryName(settings.ConfigFile)));

        List<OutrankedKey> outranked = [];
        var isDefault = arguments.LogFile is not null && arguments.LogFile == Environment.GetEnvironmentVariable(DefaultLogVariable);
        Override("--urls", DaemonKeys.Urls, arguments.Urls);
        Override("--pid-file", DaemonKeys.PidFile, arguments.PidFile);
        Override("--user", DaemonKeys.User, arguments.User);
        Override("--takeover", DaemonKeys.TakeoverFrom, arguments.Takeover);
        if (!isDefault || settings.Ips.LogFile is null) Override("--log-file", DaemonKeys.LogFile, arguments.LogFile);
        Override("--metrics-url", DaemonKeys.MetricsUrl, arguments.MetricsUrl);
        Override("--log-format", DaemonKeys.LogFormat, arguments.LogFormat);
        settings.Outranked = outranked;
        settings.Ips.PidFile ??= FilePaths.Resolve(directory, DefaultPidFile);
        settings.Store.Path ??= FilePaths.Resolve(directory, InventoryOptions.DefaultFile);
        if (needsLogFile) settings.Ips.LogFile ??= DefaultLogPath(settings);
        if (!settings.UrlsGiven && settings.KestrelUrls.Any()) settings.Urls = [];

        problems.AddRange(DaemonKeys.Table.CheckRules(settings, [.. problems.Select(problem => problem.Key)])
            .Select(broken => file?.At(broken.Key, broken.Message) ?? new ConfigProblem(null, null, broken.Key, broken.Message)));
        return new(settings, problems);

        void Override(string option, string key, string? value)
        {
            if (value is null) return;
            var one = DaemonKeys.Of(key);
            var before = one.Show(settings);
            if (one.Apply(settings, new() { Text = value }, directory) is { } message) problems.Add(new(option, null, key, message));
            else if (key != DaemonKeys.LogFile || !isDefault) outranked.Add(new(key, before, option));
        }
    }

    /// <summary>Everything that is wrong as one text: a headline, then a line for each.</summary>
    internal static string Describe(IReadOnlyList<ConfigProblem> problems) => string.Join(Environment.NewLine,
        [$"{Wording.Counted(problems.Count, "error")} in the configuration; nothing was started or changed:",
         .. problems.Select(problem => $"  {problem}")]);

    private static HoconFile? ReadFile(string file, List<ConfigProblem> problems)
    {
        try
        {
            return HoconFile.Parse(File.ReadAllText(file), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(new("--config", null, null, $"the configuration file {file} cannot be read: {Wording.FileFault(e, file)}."));
            return null;
        }
    }
}
