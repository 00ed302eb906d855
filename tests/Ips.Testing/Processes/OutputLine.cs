namespace Ips.Testing.Processes;

/// <summary>One line that a process, or one that inherited its output, wrote.</summary>
/// <param name="Number">Its place among all lines, from 0.</param>
/// <param name="At">When it was read, since the process was started.</param>
/// <param name="IsError">It came over stderr.</param>
/// <param name="Text">Without its line end.</param>
internal sealed record OutputLine(int Number, TimeSpan At, bool IsError, string Text);
