const middle = [
  'collector',
  'bus',
  'dialects',
  'sampler',
  'judges',
  'store',
  'gates',
  'clustering',
  'models',
  'notifier',
  'publisher',
];

/** The import rules of ARCHITECTURE.md: one way, app and evals on top, core at the bottom, no stage knows another. */
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-imports-nothing-above',
      severity: 'error',
      from: { path: '^core/' },
      to: { path: `^(app|evals|demo|bench|test|${middle.join('|')})/` },
    },
    ...middle.map((stage) => ({
      name: `${stage}-knows-no-other-stage`,
      severity: 'error',
      from: { path: `^${stage}/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^(app|evals|demo|bench|test|${middle.filter((other) => other !== stage).join('|')})/` },
    })),
    {
      name: 'stages-are-entered-by-index',
      severity: 'error',
      from: { path: '^(app|evals|demo|bench|test)/' },
      to: { path: `^(${middle.join('|')})/`, pathNot: `^(${middle.join('|')})/(index|config)\\.ts$` },
    },
    { name: 'app-imports-no-tools', severity: 'error', from: { path: '^app/' }, to: { path: '^(demo|bench|test)/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules|test/emitters)' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
