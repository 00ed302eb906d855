using System.Text;
using Ips.Fleet.Agents;

namespace Ips.Fleet.Security;

/// <summary>Makes the files of an agent: for the first node of a fleet, and for each further one a folder that only has to be copied
/// there.</summary>
/// <remarks>The fleet's CA key never has to leave the folder where it was made, and no agent needs it.</remarks>
internal static class AgentWizard
{
    /// <summary>The folder of the fleet's authority, and its files.</summary>
    public const string AuthorityFolder = "fleet-ca", AuthorityFile = "fleet-ca.crt", AuthorityKey = "fleet-ca.key";

    /// <summary>The configuration's file.</summary>
    public const string ConfigurationFile = "agent.conf";

    /// <summary>Makes a fleet's authority and the files of its first agent.</summary>
    /// <param name="folder">The agent's folder; made if it is missing.</param>
    /// <param name="node">The agent.</param>
    /// <param name="now">The time.</param>
    /// <returns>What comes next, for the operator.</returns>
    /// <exception cref="FleetFileException">A file is in the way, or cannot be written.</exception>
    public static string Init(string folder, WizardNode node, DateTimeOffset now)
    {
        Check(node with { Seeds = [node.Address] });
        folder = Path.GetFullPath(folder);
        var authorityFolder = Path.Combine(folder, AuthorityFolder);
        NothingInTheWay(folder, node.Name);
        if (Directory.Exists(authorityFolder))
            throw new FleetFileException($"{authorityFolder} exists already: this folder belongs to a fleet. Add a node to it with "
                + "'ips agent add', or choose another folder for a new fleet.");
        FleetFiles.MakeFolder(folder);
        FleetFiles.MakeFolder(authorityFolder);
        using var authority = FleetCertificates.MakeAuthority(now);
        FleetCertificates.Save(authority, Path.Combine(authorityFolder, AuthorityFile), Path.Combine(authorityFolder, AuthorityKey));
        Write(folder, node with { Seeds = [node.Address] }, authority, now);
        return $"""
            The fleet's CA is in {authorityFolder}. Anyone who has {AuthorityKey} can add nodes: keep it where few can read it.
            Start the agent of {node.Name}:

                ips agent --config {Path.Combine(folder, ConfigurationFile)}

            Add another node, here:

                ips agent add NAME HOST:PORT --ca {authorityFolder} --seed {node.Address}

            {Vote(nodes: 1)}
            """;
    }

    /// <summary>Makes the files of another agent.</summary>
    /// <param name="authorityFolder">The folder of the fleet's authority.</param>
    /// <param name="folder">The folder to make for the new node.</param>
    /// <param name="node">The agent.</param>
    /// <param name="now">The time.</param>
    /// <returns>What comes next, for the operator.</returns>
    /// <exception cref="FleetFileException">The authority cannot be read, a file is in the way, or cannot be written.</exception>
    public static string Add(string authorityFolder, string folder, WizardNode node, DateTimeOffset now)
    {
        Check(node);
        folder = Path.GetFullPath(folder);
        authorityFolder = Path.GetFullPath(authorityFolder);
        NothingInTheWay(folder, node.Name);
        using var authority = FleetCertificates.Load(Path.Combine(authorityFolder, AuthorityFile),
            Path.Combine(authorityFolder, AuthorityKey));
        if (authority.NotAfter <= now)
            throw new FleetFileException($"{Path.Combine(authorityFolder, AuthorityFile)} ended on {authority.NotAfter:yyyy-MM-dd}. Make a "
                + "new fleet with 'ips agent init', and add its nodes again.");
        FleetFiles.MakeFolder(folder);
        Write(folder, node, authority, now);
        return $"""
            The files of {node.Name} are in {folder}. Its key is among them: copy the folder so that nobody else can read it, then
            remove it here. On {node.Name}, in the copied folder:

                ips agent --config {ConfigurationFile}

            It joins by {string.Join(", ", node.Seeds)}. Put {node.Address} into 'seeds' of the other agents as well: an agent that
            reaches none of its seeds when it is started again waits for them, and one that has only itself founds a fleet of its own.

            {Vote(nodes: 2)}
            """;
    }

    /// <summary>The configuration of an agent.</summary>
    public static string Configuration(WizardNode node, bool tls)
    {
        var text = new StringBuilder();
        text.Append($$"""
            ips.agent {
              name = {{node.Name}}
              # What other agents dial; also where this one listens.
              address = "{{node.Address}}"
              # Agents to join by. The first of the list founds the fleet if it reaches none of the others.
              seeds = [{{string.Join(", ", node.Seeds.Select(seed => $"\"{seed}\""))}}]

            """);
        if (tls) text.AppendLine($"  tls {{ ca = {AuthorityFile}, certificate = {node.Name}.crt, key = {node.Name}.key }}");
        text.AppendLine("  # The agent's records and the socket for 'ips fleet', beside this file.");
        text.AppendLine("  state = state").AppendLine("  socket = agent.sock");
        if (node.IsWitness) text.AppendLine("  # It takes part in the vote only.").AppendLine("  witness = true");
        else
        {
            text.AppendLine("  fleets {");
            foreach (var (fleet, pidFile, into) in node.Fleets)
                text.AppendLine($"    {fleet} {{ pid-file = {Quoted(pidFile)}{(into is null ? "" : $", into = {Quoted(into)}")} }}");
            text.AppendLine("  }");
        }

        return text.AppendLine("}").ToString();
    }

    private static void Write(string folder, WizardNode node, System.Security.Cryptography.X509Certificates.X509Certificate2 authority,
        DateTimeOffset now)
    {
        using var own = FleetCertificates.Issue(authority, node.Name, node.Address, now);
        FleetCertificates.Save(own, Path.Combine(folder, $"{node.Name}.crt"), Path.Combine(folder, $"{node.Name}.key"));
        FleetCertificates.SaveCertificate(authority, Path.Combine(folder, AuthorityFile));
        // Last: a folder with a configuration is complete.
        FleetFiles.Write(Path.Combine(folder, ConfigurationFile), Configuration(node, tls: true), FleetFiles.Public);
    }

    private static void Check(WizardNode node)
    {
        if (FleetName.Fault("node", node.Name) is { } fault) throw new FleetFileException($"'{node.Name}': {fault}.");
        foreach (var (fleet, pidFile, into) in node.Fleets)
        {
            if (FleetName.Fault("fleet", fleet) is { } wrong) throw new FleetFileException($"'{fleet}': {wrong}.");
            if (pidFile.Any(char.IsControl) || into?.Any(char.IsControl) == true)
                throw new FleetFileException($"A path of fleet {fleet} has control characters in it.");
        }

        if (node.Seeds.Count == 0) throw new FleetFileException("A node needs the address of an agent to join: --seed HOST:PORT.");
    }

    private static void NothingInTheWay(string folder, string name)
    {
        foreach (var file in new[] { ConfigurationFile, AuthorityFile, $"{name}.crt", $"{name}.key" })
            if (Path.Exists(Path.Combine(folder, file)))
                throw new FleetFileException($"{Path.Combine(folder, file)} exists already, and is not replaced. Move it away, or choose "
                    + "another folder.");
    }

    private static string Vote(int nodes) => $"""
        {(nodes == 1 ? "A fleet of two agents" : "If these are the fleet's only two agents, it")} cannot tell a dead node from a cut cable.
        When one is lost, the other may stop deciding until it is back; services are not affected. Add a third agent as a witness, on any
        machine (ips agent add without --fleet), or set ips.agent.quorum by hand.
        """;

    private static string Quoted(string text) =>
        $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}

/// <summary>A node for the wizard.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where its agent listens, as others dial it.</param>
/// <param name="Seeds">Agents to join by; of the first node it does not count.</param>
/// <param name="Fleets">Its services: the fleet, the PID file, and the folder of releases or null.</param>
internal sealed record WizardNode(string Name, FleetAddress Address, IReadOnlyList<FleetAddress> Seeds,
    IReadOnlyList<(string Fleet, string PidFile, string? Into)> Fleets)
{
    /// <summary>It has no services, and takes part in the vote only.</summary>
    public bool IsWitness => Fleets.Count == 0;
}
