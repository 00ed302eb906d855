namespace Ips.Testing.Load;

/// <summary>Which of HTTP's two messages a parser reads.</summary>
internal enum HttpMessageKind
{
    Request,
    Response,
}
