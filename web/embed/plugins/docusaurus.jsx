// A cluster as a component, for MDX: <Petri height={420} title="A node goes quiet">{`kind: Pod ...`}</Petri>
import React from "react";
import { addressOf } from "./remark.mjs";

export default function Petri({ children, src = "/petri/", ...attributes }) {
  const text = React.Children.toArray(children).join("").replace(/^\n/, "");
  return (
    <petri-cluster src={src} suppressHydrationWarning {...attributes}>
      <pre><code>{text}</code></pre>
      <a href={src + addressOf(Object.entries(attributes), text)}>Open in Petri</a>
    </petri-cluster>
  );
}
