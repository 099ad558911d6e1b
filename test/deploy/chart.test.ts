import t from 'tap';

import { settingNames } from '../../src/settings.js';
import { chartValues, renderChart, template, templateNames, type KubernetesObject } from './chart.js';

const settings: readonly string[] = settingNames;
const secrets = { 'secrets.publishKey': 'a key of sixteen characters', 'secrets.clusterSecret': 'a secret of sixteen' };
const least = { ...secrets, 'redis.url': 'redis://redis:6379' };
const all = {
  ...least,
  ...{ publicUrl: 'https://live.example', env: { DVR_SECONDS: '600' }, podAnnotations: { team: 'video' }, nodeSelector: { pool: 'live' } },
  ...{ 's3.endpoint': 'https://s3.example', 's3.bucket': 'live', 'secrets.s3AccessKeyId': 'id', 'secrets.s3SecretAccessKey': 'secret' },
  ...{ 'service.rtmpPort': 1935, 'ingress.enabled': true, 'ingress.tlsSecret': 'tls', 'ingress.className': 'nginx', 'autoscaling.enabled': true },
  ...{ 'persistence.storageClass': 'fast', tolerations: [{ key: 'live', operator: 'Exists' }], affinity: { nodeAffinity: {} } },
};

interface Env {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

interface Pods {
  readonly replicas?: number;
  readonly serviceName: string;
  readonly selector: { readonly matchLabels: Readonly<Record<string, string>> };
  readonly volumeClaimTemplates?: readonly { readonly metadata: { readonly name: string } }[];
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: {
      readonly terminationGracePeriodSeconds: number;
      readonly containers: readonly {
        readonly env: readonly Env[];
        readonly ports: readonly { readonly name: string }[];
        readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
        readonly readinessProbe: { readonly httpGet: { readonly path: string } };
        readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
      }[];
      readonly volumes: readonly { readonly name: string }[];
    };
  };
}

const podsOf = (objects: readonly KubernetesObject[]): Pods => objects.find(({ kind }) => kind === 'StatefulSet')?.spec as unknown as Pods;
function containerOf(pods: Pods): Pods['template']['spec']['containers'][number] {
  const [container] = pods.template.spec.containers;
  if (container === undefined) throw new Error('expected a container, got none');
  return container;
}
const kindsOf = (objects: readonly KubernetesObject[]): string[] => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();

t.test('the templates use no value that there is not, and there is none that they do not use', async (t) => {
  const used = new Set(templateNames.flatMap((name) => [...template(name).matchAll(/\.Values((?:\.\w+)+)/g)].map(([, path = '']) => path.slice(1))));
  const isUsed = (path: string): boolean => [...used].some((each) => each === path || path.startsWith(`${each}.`));
  const paths = (values: Record<string, unknown>, prefix = ''): string[] =>
    Object.entries(values).flatMap(([name, value]) => {
      const path = prefix + name;
      const isGroup = typeof value === 'object' && value !== null && Object.keys(value).length > 0 && !used.has(path);
      return isGroup ? paths(value as Record<string, unknown>, `${path}.`) : [path];
    });
  t.strictSame(paths(chartValues()).filter((path) => !isUsed(path)), []);
});

t.test('with the least that is needed it is nodes with their services, a secret and a disruption budget', async (t) => {
  const objects = renderChart(least);
  t.strictSame(kindsOf(objects), ['PodDisruptionBudget live', 'Secret live', 'Service live', 'Service live-nodes', 'StatefulSet live']);
  const pods = podsOf(objects);
  t.equal(pods.replicas, 2);
  const services = objects.filter(({ kind }) => kind === 'Service');
  t.ok(services.some(({ metadata, spec }) => metadata.name === pods.serviceName && spec?.clusterIP === 'None'), 'the nodes have names of their own');
  for (const { metadata, spec } of services) t.match(pods.template.metadata.labels, spec?.selector, `${metadata.name} finds the pods`);
  t.match(pods.template.metadata.labels, pods.selector.matchLabels);
});

t.test('what is needed and not given is asked for in words', async (t) => {
  t.throws(() => renderChart(secrets), /redis\.url is needed/);
  t.throws(() => renderChart({ ...least, 'secrets.publishKey': '' }), /secrets\.publishKey is needed, or secrets\.existingSecret/);
  t.throws(() => renderChart({ ...least, 's3.endpoint': 'https://s3.example' }), /s3\.bucket is needed|s3AccessKeyId is needed/);
  t.strictSame(renderChart({ 'redis.url': 'redis://r', 'secrets.existingSecret': 'mine' }).filter(({ kind }) => kind === 'Secret'), []);
});

for (const [name, values] of Object.entries({ least, all })) {
  t.test(`${name}: the nodes are set up by names that the server reads, and by secrets that there are`, async (t) => {
    const objects = renderChart(values);
    const pods = podsOf(objects);
    const { env, volumeMounts, ports } = containerOf(pods);
    const names = env.map((each) => each.name);
    t.strictSame(names.filter((each) => each !== 'POD_NAME' && !settings.includes(each)), []);
    t.equal(new Set(names).size, names.length, 'each once');
    for (const each of ['CLUSTER_URL', 'CLUSTER_SECRET', 'NODE_URL', 'PUBLISH_KEY']) t.ok(names.includes(each), each);
    const value = (of: string): string | undefined => env.find((each) => each.name === of)?.value;
    t.equal(value('NODE_URL'), `http://$(POD_NAME).${pods.serviceName}:${value('PORT') ?? ''}`);
    const kept = objects.find(({ kind }) => kind === 'Secret')?.stringData ?? {};
    for (const { valueFrom } of env) if (valueFrom?.secretKeyRef) t.ok(kept[valueFrom.secretKeyRef.key], valueFrom.secretKeyRef.key);
    const volumes = [...pods.template.spec.volumes.map((each) => each.name), ...(pods.volumeClaimTemplates ?? []).map((each) => each.metadata.name)];
    t.strictSame(volumeMounts.filter((each) => !volumes.includes(each.name)), []);
    t.equal(ports.length, name === 'all' ? 2 : 1);
  });

  t.test(`${name}: a node that leaves is taken from the load balancer first, and has time`, async (t) => {
    const pods = podsOf(renderChart(values));
    const { readinessProbe, lifecycle } = containerOf(pods);
    t.equal(readinessProbe.httpGet.path, '/readyz?exclude=directory', 'but not because the directory is away: a Service without pods sends everybody to nobody');
    t.ok(Number(lifecycle.preStop.exec.command.at(-1)) + 30 < pods.template.spec.terminationGracePeriodSeconds);
  });
}

t.test('with everything asked for, it scales by CPU, is reached from outside, and takes RTMP', async (t) => {
  const objects = renderChart(all);
  t.strictSame(kindsOf(objects).filter((each) => /Horizontal|Ingress|rtmp/.test(each)), ['HorizontalPodAutoscaler live', 'Ingress live', 'Service live-rtmp']);
  t.equal(podsOf(objects).replicas, undefined, 'the number of nodes is the autoscaler’s');
});
