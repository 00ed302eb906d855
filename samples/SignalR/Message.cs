namespace Chat;

/// <summary>A message, with a number that is larger than those of all before it.</summary>
internal sealed record Message(long Number, string Author, string Text);
