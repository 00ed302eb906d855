namespace Ips.Actors.Posix;

/// <summary>A process to start.</summary>
/// <param name="FileName">The program's path: absolute, or with a slash and then relative to <paramref name="WorkingDirectory"/>. PATH is not searched.</param>
/// <param name="Arguments">argv, with argv[0].</param>
/// <param name="Environment">The whole environment; nothing of this process's is added.</param>
/// <param name="WorkingDirectory">Where the child starts; null: where this process is.</param>
/// <param name="Descriptors">Open descriptors of this process and the numbers that they get in the child. Its 0, 1 and 2 are this
/// process's own unless named as a target; it gets no other. The caller keeps its descriptors.</param>
/// <param name="NewSession">Whether the child leads a session of its own, without a terminal. See setsid(2).</param>
/// <param name="NewGroup">Whether the child leads a process group of its own, so that it and what it starts can be ended together. See
/// setpgid(2).</param>
internal sealed record SpawnRequest(
    string FileName, IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment, string? WorkingDirectory,
    IReadOnlyList<(int Fd, int TargetFd)> Descriptors, bool NewSession, bool NewGroup = false);
