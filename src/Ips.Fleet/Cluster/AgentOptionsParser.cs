using System.Globalization;
using Akka.Configuration;
using Akka.Configuration.Hocon;
using Ips.Fleet.Agents;
using Ips.Fleet.Security;

namespace Ips.Fleet.Cluster;

/// <summary>Reads an agent's configuration and finds everything that is wrong with it at once. Pure.</summary>
internal sealed class AgentOptionsParser
{
    private const string Root = "ips.agent";
    private const int MostSeeds = 32, MostFleets = 32, MostQuorum = 1000;

    private static readonly TimeSpan ShortestDown = TimeSpan.FromSeconds(2), LongestDown = TimeSpan.FromMinutes(10);

    private static readonly string[] Keys =
        ["name", "address", "seeds", "tls", "state", "socket", "fleets", "witness", "down-after", "quorum"];

    private readonly List<string> _problems = [];
    private readonly string _folder;

    private AgentOptionsParser(string folder) => _folder = folder;

    /// <summary>Reads the text of the file.</summary>
    /// <param name="text">HOCON.</param>
    /// <param name="folder">The file's folder, absolute: relative paths begin there.</param>
    /// <param name="problems">Each with key, value and limit; empty if the options are returned.</param>
    /// <returns>Null if anything is wrong.</returns>
    public static AgentOptions? Parse(string text, string folder, out IReadOnlyList<string> problems)
    {
        var parser = new AgentOptionsParser(folder);
        problems = parser._problems;
        try
        {
            var options = parser.Read(text);
            return parser._problems.Count == 0 ? options : null;
        }
        catch (Exception e)
        {
            // Akka's reader throws whatever it comes upon, Exception itself included, for text that is not HOCON.
            parser._problems.Add($"The file is not valid HOCON: {e.Message.ReplaceLineEndings(" ")}");
            return null;
        }
    }

    private AgentOptions? Read(string text)
    {
        var config = ConfigurationFactory.ParseString(text);
        if (Object(config.Root) is not { } top || Child(Child(top, "ips"), "agent") is not { } agent)
        {
            _problems.Add($"{Root} is missing; the file must have a block ips.agent {{ ... }}.");
            return null;
        }

        NoOthers(agent, Root, Keys);
        var name = Name(agent, $"{Root}.name", "name", "node");
        var address = Address($"{Root}.address", Text(agent, Root, "address"), isNeeded: true);
        var seeds = Seeds(agent);
        var witness = Flag(agent, "witness");
        var fleets = Fleets(agent, witness);
        var tls = Tls(agent);
        if (!agent.ContainsKey("tls") && new[] { address }.Concat(seeds).FirstOrDefault(a => a is { IsLoopback: false }) is { } open)
            _problems.Add($"{Root}.tls is missing; it may be left out only if every address is loopback, and {open} is not. "
                + "'ips agent init' makes the certificates.");
        return new AgentOptions(name ?? "", address ?? new FleetAddress("", 0), seeds, FilePath(agent, Root, "state") ?? Full("state"),
            FilePath(agent, Root, "socket") ?? Full("agent.sock"))
        {
            Tls = tls,
            Fleets = fleets,
            Witness = witness,
            DownAfter = DownAfter(agent),
            Quorum = Quorum(agent),
        };
    }

    private string? Name(Dictionary<string, HoconValue> from, string key, string last, string what)
    {
        if (Text(from, Root, last) is not { } name)
        {
            if (!from.ContainsKey(last)) _problems.Add($"{key} is missing; give this node a name, such as web-1.");
            return null;
        }

        if (FleetName.Fault(what, name) is not { } fault) return name;
        _problems.Add($"{key} is '{name}': {fault}.");
        return null;
    }

    private FleetAddress? Address(string key, string? text, bool isNeeded)
    {
        if (text is null)
        {
            if (isNeeded) _problems.Add($"{key} is missing or no text; set it to what other agents dial, such as \"10.0.0.11:4747\".");
            return null;
        }

        var address = FleetAddress.Parse(text, out var fault);
        if (fault is not null) _problems.Add($"{key} is '{text}': {fault}.");
        return address;
    }

    private List<FleetAddress> Seeds(Dictionary<string, HoconValue> agent)
    {
        const string Key = $"{Root}.seeds";
        if (!agent.TryGetValue("seeds", out var value))
        {
            _problems.Add($"{Key} is missing; list the addresses of one to {MostSeeds} agents to join, or this agent's own for the first.");
            return [];
        }

        if (!value.IsArray())
        {
            _problems.Add($"{Key} is not a list; write it as [\"10.0.0.11:4747\", \"10.0.0.12:4747\"].");
            return [];
        }

        var texts = value.GetArray();
        if (texts.Count is 0 or > MostSeeds) _problems.Add($"{Key} has {texts.Count} addresses; it must have 1 to {MostSeeds}.");
        var seeds = new List<FleetAddress>();
        foreach (var entry in texts)
            if (Address(Key, entry.IsString() ? entry.GetString() : "", isNeeded: true) is { } seed) seeds.Add(seed);
        foreach (var twice in seeds.GroupBy(seed => seed).Where(same => same.Count() > 1))
            _problems.Add($"{Key} has {twice.Key} {twice.Count()} times; once is enough.");
        return seeds;
    }

    private List<FleetService> Fleets(Dictionary<string, HoconValue> agent, bool witness)
    {
        const string Key = $"{Root}.fleets";
        var services = new List<FleetService>();
        if (agent.TryGetValue("fleets", out var value))
        {
            if (Object(value) is not { } block)
            {
                _problems.Add($"{Key} is not a block; write it as fleets {{ web {{ pid-file = /run/web/web.pid }} }}.");
                return services;
            }

            foreach (var (fleet, content) in block) Service(fleet, content, services);
        }

        if (services.Count > MostFleets) _problems.Add($"{Key} has {services.Count} fleets; at most {MostFleets} are possible.");
        if (witness && services.Count > 0)
            _problems.Add($"{Key} has {services.Count} fleets, but {Root}.witness is on: a witness has none.");
        if (!witness && value is null)
            _problems.Add($"{Key} is missing; name a fleet and its service, or set {Root}.witness = true for an agent without one.");
        return services;
    }

    private void Service(string fleet, HoconValue content, List<FleetService> services)
    {
        var key = $"{Root}.fleets.{fleet}";
        if (FleetName.Fault("fleet", fleet) is { } fault) _problems.Add($"{key}: {fault}.");
        else if (FleetRoles.IsReserved(fleet)) _problems.Add($"{key}: the name {fleet} is reserved; give the fleet another.");
        if (Object(content) is not { } block)
        {
            _problems.Add($"{key} is not a block; it needs a pid-file.");
            return;
        }

        NoOthers(block, key, ["pid-file", "into"]);
        if (!block.ContainsKey("pid-file")) _problems.Add($"{key}.pid-file is missing; set it to the service's PID file.");
        if (FilePath(block, key, "pid-file") is { } pidFile)
            services.Add(new FleetService(fleet, pidFile) { Into = FilePath(block, key, "into") });
    }

    private TlsFiles? Tls(Dictionary<string, HoconValue> agent)
    {
        const string Key = $"{Root}.tls";
        if (!agent.TryGetValue("tls", out var value)) return null;
        if (Object(value) is not { } block)
        {
            _problems.Add($"{Key} is not a block; it needs ca, certificate and key.");
            return null;
        }

        NoOthers(block, Key, ["ca", "certificate", "key"]);
        foreach (var key in new[] { "ca", "certificate", "key" })
            if (!block.ContainsKey(key)) _problems.Add($"{Key}.{key} is missing; 'ips agent init' and 'ips agent add' make the file.");
        return FilePath(block, Key, "ca") is { } ca && FilePath(block, Key, "certificate") is { } certificate
            && FilePath(block, Key, "key") is { } secret ? new TlsFiles(ca, certificate, secret) : null;
    }

    private TimeSpan DownAfter(Dictionary<string, HoconValue> agent)
    {
        if (!agent.ContainsKey("down-after")) return AgentOptions.DefaultDownAfter;
        var text = Text(agent, Root, "down-after");
        if (text is null) return AgentOptions.DefaultDownAfter;
        // HOCON takes a bare number as milliseconds, which nobody means.
        var digits = text.TakeWhile(char.IsAsciiDigit).Count();
        if (digits is > 0 and <= 6 && int.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && (text[digits..].Trim() switch { "ms" => 1, "s" => 1000, "m" => 60_000, _ => (int?)null }) is { } unit)
        {
            var wait = TimeSpan.FromMilliseconds((long)number * unit);
            if (wait >= ShortestDown && wait <= LongestDown) return wait;
        }

        _problems.Add($"{Root}.down-after is '{text}'; it must be between 2s and 10m, with its unit.");
        return AgentOptions.DefaultDownAfter;
    }

    private int? Quorum(Dictionary<string, HoconValue> agent)
    {
        if (!agent.ContainsKey("quorum") || Text(agent, Root, "quorum") is not { } text) return null;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= MostQuorum)
            return number;
        _problems.Add($"{Root}.quorum is '{text}'; it must be a number from 1 to {MostQuorum}, more than half of all agents.");
        return null;
    }

    private bool Flag(Dictionary<string, HoconValue> agent, string key)
    {
        if (!agent.ContainsKey(key) || Text(agent, Root, key) is not { } text) return false;
        if (text is "true" or "on" or "yes") return true;
        if (text is not ("false" or "off" or "no")) _problems.Add($"{Root}.{key} is '{text}'; it must be true or false.");
        return false;
    }

    private string? FilePath(Dictionary<string, HoconValue> from, string root, string key)
    {
        if (Text(from, root, key) is not { } text) return null;
        if (text.Length is > 0 and <= 1024 && !text.Any(char.IsControl)) return Full(text);
        _problems.Add($"{root}.{key} is not a path; it must have 1 to 1024 characters, without control characters.");
        return null;
    }

    private string Full(string path) => Path.GetFullPath(path, _folder);

    private string? Text(Dictionary<string, HoconValue> from, string root, string key)
    {
        if (!from.TryGetValue(key, out var value)) return null;
        if (value.IsString()) return value.GetString();
        _problems.Add($"{root}.{key} is a list or a block; it must be one value.");
        return null;
    }

    private void NoOthers(Dictionary<string, HoconValue> block, string root, IReadOnlyList<string> known)
    {
        foreach (var key in block.Keys.Where(key => !known.Contains(key)))
            _problems.Add($"{root}.{key} is not a known key; known are {string.Join(", ", known)}.");
    }

    private static Dictionary<string, HoconValue>? Child(Dictionary<string, HoconValue>? from, string key) =>
        from is not null && from.TryGetValue(key, out var value) ? Object(value) : null;

    private static Dictionary<string, HoconValue>? Object(HoconValue value) =>
        value.IsObject() ? value.GetObject().Items : null;
}
