/** Mail is foreign HTML: the frame may run no script, send no form, open nothing and read nothing of ours. */
export function HtmlFrame({ html, title }: { html: string; title: string }) {
  return (
    <iframe
      title={title}
      sandbox=""
      srcDoc={html}
      className="block h-[min(70vh,48rem)] w-full rounded-b-lg bg-white [color-scheme:light]"
    />
  );
}
