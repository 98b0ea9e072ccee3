// A cluster as a component, for MDX: <Petri height={420} title="A node goes quiet">{`kind: Pod ...`}</Petri>
import React from "react";

export default function Petri({ children, src = "/petri/", ...attributes }) {
  const text = React.Children.toArray(children).join("").replace(/^\n/, "");
  return (
    <petri-cluster src={src} suppressHydrationWarning {...attributes}>
      <pre><code>{text}</code></pre>
      <a href={`${src}#fence=${encodeURIComponent(text)}`}>Open in Petri</a>
    </petri-cluster>
  );
}
